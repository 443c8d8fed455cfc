"""Check if the search found a configuration that beats the paper's defaults by more than seeds scatter."""

from collections.abc import Mapping

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.health.finding import HealthFinding, Level, gather, more_trials
from gan_study.analysis.health.seed_noise import seed_noise
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.search_curves import compared_scores, curve_of
from gan_study.analysis.sentences.number_text import number, quantity
from gan_study.config.arms.arm import Arm
from gan_study.config.search.sampling import searches_anything
from gan_study.runs.records.status import TrialState


def defaults_findings(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> list[HealthFinding]:
    """Compare each arm's first trial with the confirmed seeds of its configuration, after equally many images.

    The paper's defaults may be as good as the configuration unless their score lies above the 95 % prediction interval
    of one further seed. Empty if the first trials do not take the paper's defaults.
    """
    if run.study.search.first_trial != "paper_defaults":
        return []
    arms = [arm for arm in run.arms if searches_anything(Arm(run.study, arm))]
    found = [(level, f"{arm}, {text}") for arm in arms for level, text in [_compare(run, arm, confirmed.get(arm))]]
    heads: dict[Level, str] = {
        "serious": "The search may not have beaten the paper's defaults",
        "unknown": "The search cannot be compared with the paper's defaults",
        "fine": "The search beat the paper's defaults by more than seeds scatter",
    }
    return gather("defaults", heads, found, {"serious": more_trials(run.study)})


def _compare(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> tuple[Level, str]:
    """Level and reason for one arm."""
    trials = run.searched_trials(arm)
    first = next((t for t in run.trials_of_arm(arm, "search") if t.config.index == 0), None)
    if first is None or not first.state.is_final:
        return "unknown", "whose first trial has not ended"
    if first.is_lost or (arm, first.name) in run.collapsed:
        return "fine", f"with which {first.name} failed"
    best = best_trial(trials)
    if first.name == (confirmed.source if confirmed else best.name if best else None):
        return "serious", f"with which {first.name} scored best"
    return _against_seeds(run, first, confirmed.trials if confirmed else ())


def _against_seeds(run: RunData, first: TrialData, seeds: tuple[TrialData, ...]) -> tuple[Level, str]:
    images = None if first.state is TrialState.COMPLETED else max(curve_of(run, first), default=0)
    noise = seed_noise(compared_scores(run, seeds, images))
    (score,) = compared_scores(run, [first], images)
    if noise is None or score is None:
        return "unknown", "of whose configuration fewer than three confirmed seeds have a score"
    low, high = noise.next_seed
    when = "" if images is None else f" after {number(images / 1000)} kimg, where {first.name} was stopped"
    text = (
        f"with which {first.name} scored {number(score)}{when}; the {quantity(len(noise.scores), 'confirmed seed')} "
        f"scored {number(noise.mean)} on average, and one more would score {number(low)} to {number(high)} in 95 % of "
        "cases"
    )
    return ("serious" if score <= high else "fine"), text
