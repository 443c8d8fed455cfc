"""The order of knowledge in a search: the earlier trials whose results each trial's draw and stopping depend on."""

from gan_study.config.search.sampling import LEARNING_SAMPLERS
from gan_study.config.search.stopping import stops_trials
from gan_study.config.study import StudyConfig
from gan_study.config.training import Phase


def search_lag(study: StudyConfig, phase: Phase = "search") -> int | None:
    """Trial i of a search knows the results of its trials 0 to i - lag. None if each knows whatever has ended.

    None comes from `order: free`, and from a search that learns nothing and stops nothing: it draws the same in any
    order. A population is drawn before any of its members has ended, so none of them knows another.
    """
    search = study.search
    if search.order == "free":
        return None
    if phase == "search" and search.scheduler == "pbt":
        return study.budget.trials_per_arm
    if not _uses_results(study):
        return None
    return lag_of(study)


def _uses_results(study: StudyConfig) -> bool:
    """Return True if a trial's draw or its end depends on the results of others."""
    return study.search.sampler in LEARNING_SAMPLERS or stops_trials(study)


def lag_of(study: StudyConfig) -> int:
    """The lag of a search whose trials wait for earlier ones: default an eighth of trials_per_arm, at least 2."""
    return study.search.lag or max(2, round(study.budget.trials_per_arm / 8))


def most_searched_at_once(study: StudyConfig) -> int | None:
    """Search trials that can run at once, however many machines there are; None without such a limit."""
    lag = search_lag(study)
    if lag is None or lag >= study.budget.trials_per_arm:
        return None
    return lag * len(study.arms) * study.search.repeats


def chances_in_repeating(study: StudyConfig) -> list[str]:
    """The reasons why a second run of the study can draw other configurations; empty if it cannot.

    Only differences between machines can then change its results.
    """
    reasons = []
    if study.search.order == "free" and _uses_results(study):
        reasons.append("search.order=free: the search learns from whatever trials have ended")
    if study.budget.device_sec is not None:
        reasons.append("budget.device_sec: the length of a training is measured on a clock")
    if "device_sec" in study.search.objectives:
        reasons.append("search.objectives: device_sec is measured on a clock")
    return reasons
