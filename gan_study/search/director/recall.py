"""The trials of an interrupted study: read from its run folder, and replayed to their searches."""

import math
from collections.abc import Callable, Iterator, Sequence

from gan_study.config.arms.trial_configs import with_resources
from gan_study.config.study import StudyConfig
from gan_study.config.training import Phase
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import HeardRecord, TrialState, TrialStatus
from gan_study.search.director.trial_record import TrialRecord, write_end
from gan_study.search.sampling.arm_search import ArmSearch


def recall_trials(
    folder: RunFolder, arm: str, why_cut_short: Callable[[str, Phase], str | None]
) -> Iterator[TrialRecord]:
    """Read an arm's trials from the run folder.

    A trial without a config.json is left out: the study was killed before it was written, so it will be drawn again.
    The evaluations of an unfinished trial after its checkpoint are left out, because the trial will repeat them. If the
    user has cut the arm's phase short, for the reason that `why_cut_short` gives, its unfinished trials are stopped,
    and those without an evaluation are deleted.
    """
    for name in folder.trials(arm):
        trial = folder.trial(arm, name)
        config = trial.read_config()
        if config is None:
            continue
        status = trial.read_status() or TrialStatus(state=TrialState.RUNNING)
        nimgs, answers = trial.checkpoint_nimgs(), trial.read_heard() or HeardRecord()
        known = [e for e in trial.read_evaluations() if status.state.is_final or (nimgs and e.cur_nimg <= nimgs[-1])]
        record = TrialRecord(config, trial, status.state, status.collapsed, known, dict(answers.order))
        if not status.state.is_final and (reason := why_cut_short(arm, config.phase)):
            if not known:
                folder.storage.delete_folder(f"arms/{arm}/{name}")
                continue
            write_end(record, TrialState.STOPPED, reason)
            record.state = TrialState.STOPPED
        yield record


def renew_workers(trial: TrialRecord, study: StudyConfig) -> None:
    """Set an unfinished trial's CPUs and GPUs to those that the study has now, also in its config.json."""
    config = with_resources(trial.config, study)
    if config != trial.config:
        trial.config = config
        trial.folder.write_config(config)


def replay(
    search: ArmSearch,
    trials: Sequence[TrialRecord],
    close_trial: Callable[[TrialRecord], None],
    has_copies: bool = False,
) -> list[TrialRecord]:
    """Report all known trials to a new search, in the order in which the study answered their evaluations.

    In a free order this matters, because a rung compares a trial with those that reached it before. In a fixed order
    it does not: no answers are numbered, and the trials follow one another.

    Args:
        search: the search of one repeat of an arm, or of its refinement; it has drawn nothing yet.
        trials: its trials, by index.
        close_trial: reports to the search that a trial has ended.
        has_copies: whether trials of a population may have continued as copies of others.

    Returns:
        The unfinished trials that must now be stopped, because the study ended before it could answer their last
        evaluation. In a free order, a trial that was allowed to continue is not among them, even if later reports
        would stop it.
    """
    events = sorted(
        (_answer_number(trial, number), place, number)
        for place, trial in enumerate(trials)
        for number in range(1, len(trial.evaluations) + 1)
    )
    num_opened, given_up = 0, []

    def open_before(place: int) -> None:
        nonlocal num_opened
        for trial in trials[num_opened:place]:
            for copy in trial.folder.read_copies() if has_copies else ():
                search.record_replaced_trial(trial.config.index, copy.replaced, copy.given_up)
            search.open_trial(trial.config.index, trial.config.searched)
            if trial.state.is_final and not trial.evaluations:
                close_trial(trial)
        num_opened = max(num_opened, place)

    for order, place, number in events:
        open_before(place + 1)
        trial = trials[place]
        stop = search.report_evaluation(trial.config.index, trial.compared_evaluation(number))
        if number == len(trial.evaluations):
            if trial.state.is_final:
                close_trial(trial)
            elif stop and (search.is_ordered or order == math.inf):
                given_up.append(trial)
    open_before(len(trials))
    return given_up


def _answer_number(trial: TrialRecord, number: int) -> float:
    """Return the running number of a trial's `number`th evaluation among all answered; infinity without an answer.

    Older versions wrote no heard.json. Their evaluations come first, trial by trial, as if all had been answered.
    """
    cur_nimg = trial.evaluations[number - 1].cur_nimg
    if cur_nimg in trial.answered:
        return trial.answered[cur_nimg]
    return math.inf if trial.answered and cur_nimg > max(trial.answered) else -1
