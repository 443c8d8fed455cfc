"""What a director takes up from the run folder of an interrupted study: its trials, and what their searches knew."""

import math
from collections.abc import Callable, Iterator, Sequence

from gan_study.config.arms.trial_configs import with_resources
from gan_study.config.study import StudyConfig
from gan_study.config.training import Phase
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import HeardRecord, TrialState, TrialStatus
from gan_study.search.director.trial_record import TrialRecord, write_end
from gan_study.search.sampling.arm_search import ArmSearch


def recall_trials(
    folder: RunFolder, arm: str, why_given_up: Callable[[str, Phase], str | None]
) -> Iterator[TrialRecord]:
    """An arm's trials as the run folder holds them.

    A trial without a config.json is left out, because the study was killed before it was written down: it will be
    drawn again. What an unfinished trial measured after its checkpoint is left out, because it will be measured again.
    Where somebody has cut an arm's phase short, for a reason that `why_given_up` gives, its unfinished trials end.
    Those that have not been measured yet are removed.
    """
    for name in folder.trials(arm):
        trial = folder.trial(arm, name)
        config = trial.read_config()
        if config is None:
            continue
        status = trial.read_status() or TrialStatus(state=TrialState.RUNNING)
        nimgs, heard = trial.checkpoint_nimgs(), trial.read_heard() or HeardRecord()
        known = [e for e in trial.read_evaluations() if status.state.is_final or (nimgs and e.cur_nimg <= nimgs[-1])]
        record = TrialRecord(config, trial, status.state, status.collapsed, known, dict(heard.order))
        if not status.state.is_final and (reason := why_given_up(arm, config.phase)):
            if not known:
                folder.storage.delete_folder(f"arms/{arm}/{name}")
                continue
            write_end(record, TrialState.STOPPED, reason)
            record.state = TrialState.STOPPED
        yield record


def renew_workers(trial: TrialRecord, study: StudyConfig) -> None:
    """Let an unfinished trial ask for the CPUs and GPUs that there are now, and write that down."""
    config = with_resources(trial.config, study)
    if config != trial.config:
        trial.config = config
        trial.folder.write_config(config)


def replay(
    search: ArmSearch, trials: Sequence[TrialRecord], tell: Callable[[TrialRecord], None], has_copies: bool = False
) -> list[TrialRecord]:
    """Tell a search again what it knew, in the order in which the study heard of it.

    The order matters, because a rung judges a trial by those that came to it before.

    Args:
        search: of one repeat of an arm, or of its refinement; nothing has been asked of it.
        trials: its trials, by index.
        tell: tells the search of a trial that has ended.
        has_copies: whether trials of a population may have gone on as copies of others.

    Returns:
        The unfinished trials that are to be given up: the study ended before it could answer their last evaluation. A
        trial that was allowed to go on is not among them, whatever was heard after that.
    """
    events = sorted(
        (_heard_order(trial, number), place, number)
        for place, trial in enumerate(trials)
        for number in range(1, len(trial.evaluations) + 1)
    )
    num_opened, given_up = 0, []

    def open_before(place: int) -> None:
        nonlocal num_opened
        for trial in trials[num_opened:place]:
            for copy in trial.folder.read_copies() if has_copies else ():
                search.record_given_up(trial.config.index, copy.replaced, copy.given_up)
            search.ask_for(trial.config.index, trial.config.searched)
            if trial.state.is_final and not trial.evaluations:
                tell(trial)
        num_opened = max(num_opened, place)

    for order, place, number in events:
        open_before(place + 1)
        trial = trials[place]
        stop = search.report(trial.config.index, trial.standing(number))
        if number == len(trial.evaluations):
            if trial.state.is_final:
                tell(trial)
            elif stop and order == math.inf:
                given_up.append(trial)
    open_before(len(trials))
    return given_up


def _heard_order(trial: TrialRecord, number: int) -> float:
    """When the study heard of a trial's `number`th evaluation; infinity if it never did.

    Versions without heard.json leave it open. Their evaluations come first, trial by trial, as if each was answered.
    """
    cur_nimg = trial.evaluations[number - 1].cur_nimg
    if cur_nimg in trial.heard:
        return trial.heard[cur_nimg]
    return math.inf if trial.heard and cur_nimg > max(trial.heard) else -1
