"""The content of trials.csv, with a row for each trial."""

import csv
import io

from gan_study.analysis.run_data import RunData, TrialData


def trials_csv(run: RunData) -> str:
    """The content of trials.csv: the rows of `trial_rows` below the names of their columns."""
    columns, rows = trial_rows(run)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    return stream.getvalue()


def trial_rows(run: RunData) -> tuple[list[str], list[tuple[object, ...]]]:
    """The names of columns, and a row for each trial. A missing value is None.

    Column rollbacks has the images seen at each rollback, separated by spaces. score is the one that counts by
    `objective.at`: score_last, or score_best, which is that of the best evaluation, at best_nimg images, on fresh
    latents.
    """
    searched = tuple(dict.fromkeys(name for t in run.trials for name in t.config.searched))
    columns = ["arm", "trial", "phase", "source", "state", "reason", "score", "cur_nimg", "seconds", "restarts"]
    columns += ["rollbacks", "seed", "verdict", "verdict_from", "missing_classes", "late_collapse"]
    columns += ["early_score", "score_last", "score_best", "best_nimg"]
    rows = [
        (
            *_values(trial),
            *_verdict(run, trial),
            trial.early_score,
            trial.score_at("last"),
            trial.score_at("best"),
            trial.best.cur_nimg if trial.best else None,
            *(trial.config.searched.get(name) for name in searched),
        )
        for trial in run.trials
    ]
    return [*columns, *(f"searched.{name}" for name in searched)], rows


def _values(trial: TrialData) -> tuple[object, ...]:
    config, status = trial.config, trial.status
    return (
        config.arm,
        config.name,
        config.phase,
        config.source,
        trial.state.value,
        status.reason,
        trial.score,
        round(1000 * trial.kimg),
        trial.seconds,
        status.num_restarts,
        " ".join(str(back.cur_nimg) for back in status.rollbacks),
        config.training.seed,
    )


def _verdict(run: RunData, trial: TrialData) -> tuple[object, ...]:
    """The verdict's name, its source, the missing classes, and whether the training collapsed late."""
    found = run.verdict_of(trial)
    if found is None:
        return None, None, None, None
    verdict = found.verdict
    source = "images" if found.is_measured else "training"
    return verdict.name.value, source, "; ".join(verdict.missing_classes), str(verdict.late_collapse).lower()
