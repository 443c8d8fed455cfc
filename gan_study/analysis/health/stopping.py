"""Check what early stopping saved, and if it would have stopped the best configurations by bad luck."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.health.finding import HealthFinding
from gan_study.analysis.health.replay import REPLAYED, SearchCurve, stopped_at, with_rungs
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.search_curves import curve_of
from gan_study.analysis.sentences.number_text import listed, number, quantity, whole_percent
from gan_study.config.search.order import lag_of, search_lag
from gan_study.config.search.stopping import grace_kimg, reduction_factor, stops_trials
from gan_study.config.study import StudyConfig
from gan_study.runs.records.status import TrialState

_WORTH_SAVING = 0.2
"""Share of the images from which on a scheduler is recommended."""


def stopping_findings(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> list[HealthFinding]:
    """Replay the stopping: of the confirmed seeds in their trial's place, or of the search that stopped nothing.

    Empty for a population, for several objectives, and before any search trial has ended.
    """
    search = run.study.search
    trials = [t for arm in run.arms for t in run.searched_trials(arm) if t.state.is_final]
    if search.scheduler == "pbt" or len(search.objectives) > 1 or not trials:
        return []
    return [_of_seeds(run, confirmed, trials)] if stops_trials(run.study) else _without_stopping(run)


def _of_seeds(run: RunData, confirmed: Mapping[str, ConfirmedArm], trials: Sequence[TrialData]) -> HealthFinding:
    scheduler = run.study.search.scheduler
    stopped = [t for t in trials if _end(t) == "stopped"]
    left_out = sum(t.config.training.total_kimg - t.kimg for t in stopped)
    share = left_out / sum(t.config.training.total_kimg for t in trials)
    saved = f"{scheduler} saved {whole_percent(share)} of the images of the search"
    replayed = {arm.arm: found for arm in confirmed.values() if (found := _replay_seeds(run, arm)) is not None}
    if not replayed:
        why = "no search trial is confirmed" if scheduler in REPLAYED else "only asha and median are replayed"
        text = f"{saved}. It is unknown if it would stop the best configurations too, because {why}."
        return HealthFinding("stopping", "unknown", text)
    counts = listed([f"{num} of {quantity(of, 'seed')} of {arm}" for arm, (num, of) in replayed.items()])
    text = f"{saved}. In the place of the best trial it would have stopped {counts}."
    if not any(2 * num >= of for num, of in replayed.values()):
        return HealthFinding("stopping", "note" if any(num for num, _ in replayed.values()) else "fine", text)
    return HealthFinding(
        "stopping", "serious", f"{text} So it stops good configurations too early.", (_later_stop(run, trials),)
    )


def _later_stop(run: RunData, trials: Sequence[TrialData]) -> str:
    later = grace_kimg(run.study) * reduction_factor(run.study)
    is_before_end = later < max(t.config.training.total_kimg for t in trials)
    return f"search.grace_kimg={number(float(later))}" if is_before_end else "search.scheduler=none"


def _replay_seeds(run: RunData, arm: ConfirmedArm) -> tuple[int, int] | None:
    """The number of an arm's completed seeds that would be stopped in their source's place, and that of all.

    None if that is unknown. Each seed knows the trials that its source knew; in a free order these are taken
    to be all earlier ones.
    """
    source = next((t for t in run.trials_of_arm(arm.arm, "search") if t.name == arm.source), None)
    seeds = [t for t in arm.trials if t.state is TrialState.COMPLETED]
    if source is None or not seeds or run.study.search.scheduler not in REPLAYED:
        return None
    curves = recorded_curves(run, arm.arm, source.config.repeat)
    known = known_to(curves, source.config.index, search_lag(run.study) or 1)
    places = (SearchCurve(source.config.index, curve_of(run, seed)) for seed in seeds)
    return sum(stopped_at(run.study, place, known) is not None for place in places), len(seeds)


def recorded_curves(run: RunData, arm: str, repeat: int = 0) -> list[SearchCurve]:
    """The curves of the ended trials in one repeat of an arm's search, by index."""
    curves: list[SearchCurve] = []
    for trial in run.trials_of_arm(arm, "search"):
        if trial.config.repeat == repeat and trial.state.is_final:
            curve = SearchCurve(trial.config.index, curve_of(run, trial), _end(trial))
            known = known_to(curves, curve.index, search_lag(run.study) or 1)
            curves.append(with_rungs(run.study, curve, known))
    return curves


def _end(trial: TrialData) -> Literal["completed", "stopped", "lost"]:
    if trial.state is TrialState.COMPLETED:
        return "completed"
    return "stopped" if trial.state is TrialState.STOPPED and not trial.status.collapsed else "lost"


def known_to(curves: Sequence[SearchCurve], index: int, lag: int) -> list[SearchCurve]:
    """The curves whose results trial `index` knows."""
    return [curve for curve in curves if curve.index <= index - lag]


def _without_stopping(run: RunData) -> list[HealthFinding]:
    """The images that asha would have saved in a search that stopped nothing, and the best trials lost to it."""
    study = run.study.model_copy(update={"search": run.study.search.model_copy(update={"scheduler": "asha"})})
    kimg, saved, lost = 0.0, 0.0, []
    for arm in run.arms:
        best = best_trial(run.trials_of_arm(arm, "search"))
        for repeat in range(run.study.search.repeats):
            for index, (total, stop) in _replay_search(study, recorded_curves(run, arm, repeat)).items():
                kimg, saved = kimg + total, saved + (total - stop if stop is not None else 0)
                if stop is not None and best and (best.config.index, best.config.repeat) == (index, repeat):
                    lost.append(arm)
    if not kimg or saved / kimg < _WORTH_SAVING:
        return []
    text = f"asha would have saved {whole_percent(saved / kimg)} of the images of the search"
    if lost:
        return [HealthFinding("stopping", "fine", f"{text}, but stopped the best trial of {listed(lost)}.")]
    text = f"{text} and kept the best trial of each arm."
    return [HealthFinding("stopping", "note", text, ("search.scheduler=asha",))]


def _replay_search(study: StudyConfig, curves: Sequence[SearchCurve]) -> dict[int, tuple[int, int | None]]:
    """By index, the images of each training, and those at which it would be stopped; None if it would end."""
    cut: list[SearchCurve] = []
    found = {}
    for curve in curves:
        known = known_to(cut, curve.index, lag_of(study))
        stop = stopped_at(study, curve, known)
        kept = {images: score for images, score in curve.scores.items() if stop is None or images <= stop}
        end = curve.end if stop is None else "stopped"
        cut.append(with_rungs(study, replace(curve, scores=kept, end=end), known))
        found[curve.index] = (max(curve.scores, default=0), stop)
    return found
