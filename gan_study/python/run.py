"""A run folder as a Python object: verdict, tables, figures and generators."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.notes import damage_warnings
from gan_study.analysis.summary import Summary, summarise
from gan_study.config.reading.suggestions import no_such
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.evaluation.own_code import trust
from gan_study.evaluation.snapshots import best_of_study
from gan_study.python.messages import warn
from gan_study.python.trial import Trial
from gan_study.runs.folder import RunFolder
from gan_study.runs.outage import report_outages
from gan_study.workflow.run_folder import open_run

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from gan_study.report.figures.page_figures import Plot


def open(location: str | os.PathLike[str], *, trust_code: bool = False) -> "Run":
    """Open the run folder of a study, finished or not.

    Nothing is trained or written, and torch is imported only for generators. Warns of trials whose files are damaged
    and that are therefore left out.

    Args:
        location: the folder that `run` has made, on a disk or in an object store (`s3://`, `gs://`).
        trust_code: run the code that the run brings, for a generator, though this machine has never run it. It can do
            whatever you can.

    Raises InputError if there is no run folder, StorageError if a file does not fit this version of gan_study.
    """
    report_outages(warn)
    run = Run(open_run(os.fspath(location)))
    if trust_code:
        trust(run.study.code)
    return run


class Run:
    """A study's run folder, as it was when it was opened. Open it again to see later trials."""

    def __init__(self, folder: RunFolder) -> None:
        """folder: a run folder; see `gan_study.open`."""
        self._folder, self._data = folder, load_run(folder)
        for warning in damage_warnings(self._data):
            warn(f"{self.location}: {warning}")

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.state}, {len(self._data.trials)} trials in {self.location}>\n{self.verdict}"

    def _repr_html_(self) -> str:
        from gan_study.python.notebook import run_to_html

        return run_to_html(self._data, self.summary, self.state)

    @property
    def name(self) -> str:
        """Name of the study."""
        return self._data.study.name

    @property
    def location(self) -> str:
        """The run folder. It holds report.html, too, once the study has ended."""
        return self._data.location

    @property
    def state(self) -> str:
        """State of the study: running, interrupted, completed or failed; `not begun` before its first trial."""
        return self._data.status.state if self._data.status is not None else "not begun"

    @property
    def study(self) -> StudyConfig:
        """The study with all settings filled in, without arms that were given up."""
        return self._data.study

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, in the order of the study file."""
        return self._data.arms

    @cached_property
    def summary(self) -> Summary:
        """The content of summary.json: every statistic behind the verdict, for each arm and each pair of arms."""
        return summarise(self._data)

    @property
    def verdict(self) -> str:
        """The verdict in words, as the report begins with it."""
        return self.summary.verdict

    @property
    def winner(self) -> str | None:
        """The arm that wins; None if no arm does."""
        return self.summary.winner

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """A row for each trial, with the columns of trials.csv: `arm`, `trial`, `phase`, `state`, `score`, `seconds`,
        `verdict`, and `searched.<name>` for each searched hyperparameter, among others. A missing value is NaN."""
        from gan_study.python.tables import trials_table

        return trials_table(self._data)

    @cached_property
    def metrics(self) -> "pd.DataFrame":
        """A row for each evaluation of each trial, with the fields of metrics.jsonl: `arm`, `trial`, `phase`,
        `cur_nimg` (images seen), `score`, `losses.<name>`, `signals.<name>` and `class_shares.<class>`, among others.
        A missing value is NaN."""
        from gan_study.python.tables import metrics_table

        return metrics_table(self._data.trials, self._data.objective)

    def best(self, arm: str | None = None) -> Trial:
        """Return the trial that represents an arm: its best confirmed seed, or else the best of its search.

        Args:
            arm: name of the arm; None takes the winner, or the leading arm if there is none.

        Raises InputError if there is no such arm, or no trial of it has a score.
        """
        if arm is not None and arm not in self.arms:
            raise InputError(f"best: {no_such('arm', arm, self.arms)}")
        found = best_of_study(self._data, arm)
        if found is None:
            raise InputError(
                f"{self.location}: the best trial {f'of arm {arm}' if arm else 'of a run'} is taken, but got none with "
                "a score; open the run again when one has ended, or take a trial by its name with trial()"
            )
        return Trial(self._folder, self._data, found)

    def trial(self, name: str) -> Trial:
        """Return a trial by its arm and name, such as `wgan/search_003`. Raises InputError if there is none."""
        known = {f"{trial.config.arm}/{trial.name}": trial for trial in self._data.trials}
        if name not in known:
            raise InputError(f"trial: {no_such('trial', name, known)}")
        return Trial(self._folder, self._data, known[name])

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the report's figures, such as `confirmed` and `learning_curves/wgan`."""
        return tuple(self._plots)

    def figure(self, name: str = "") -> "go.Figure":
        """Return a figure of the report, for Plotly to show, change or write.

        Args:
            name: one of `figures`.

        Raises InputError, which lists the names, if there is none of this name.
        """
        import plotly.io

        if name not in self._plots:
            raise InputError(f"figure: {no_such('figure', name, self._plots)}")
        return plotly.io.from_json(self._plots[name].json)

    @cached_property
    def _plots(self) -> "dict[str, Plot]":
        from gan_study.report.figures.report_plots import plots_by_name

        return plots_by_name(self._data, self.summary)
