"""Check if the scores of a search depend on its values, and if cheap scores order trials as full ones do."""

import numpy as np

from gan_study.analysis.health.finding import HealthFinding, Level, gather, more_trials
from gan_study.analysis.run_data import RunData
from gan_study.analysis.search_samples import SearchSamples, search_samples
from gan_study.analysis.sentences.number_text import listed, number, quantity, whole_percent
from gan_study.analysis.statistics.fidelity import describe_fidelity
from gan_study.analysis.statistics.gaussian_process import GaussianProcess
from gan_study.config.arms.arm import Arm
from gan_study.config.search.sampling import searches_anything
from gan_study.config.search.stopping import stops_trials

_LEAST_R2 = 0.1
"""Below this R2, scores count as independent of the searched values, as in a check of Ax."""
_ENOUGH_TRIALS = 16
"""With fewer trials, a low R2 is common even if the scores depend on the values."""
_LEAST_TAU = 0.5
"""Kendall's tau below which more than a quarter of all pairs of trials are in the wrong order."""
_FEWEST_PAIRS = 5
"""Completed trials of an arm without which its tau says little."""


def dependence_findings(run: RunData) -> list[HealthFinding]:
    """Predict each arm's scores from the searched values, by a Gaussian process with cross-validation."""
    arms = [arm for arm in run.arms if searches_anything(Arm(run.study, arm))]
    found = [(level, f"{arm}, {text}") for arm in arms for level, text in [_dependence(search_samples(run, arm))]]
    heads: dict[Level, str] = {
        "serious": "The scores hardly depend on the searched values, so luck chose the best configuration",
        "note": "There are too few trials to see that the scores depend on the searched values",
        "fine": "The searched values predict the scores",
        "unknown": "It is unknown if the scores depend on the searched values",
    }
    return gather("dependence", heads, found, dict.fromkeys(("serious", "note"), more_trials(run.study)))


def _dependence(samples: SearchSamples | str) -> tuple[Level, str]:
    if isinstance(samples, str):
        return "unknown", f"where {samples}"
    points = np.array([samples.point(trial.config.searched) for trial in samples.trials])
    r2 = GaussianProcess(points, samples.values).cross_validated_r2()
    text = f"with a cross-validated R2 of {r2:.2f} over {quantity(len(samples.trials), 'trial')}{samples.when}"
    if r2 >= _LEAST_R2:
        return "fine", text
    return ("serious" if len(samples.trials) >= _ENOUGH_TRIALS else "note"), text


def cheap_score_findings(run: RunData) -> list[HealthFinding]:
    """Compare the order of completed trials by scores from fewer images with that by full scores.

    Empty if all scores are from equally many images, or if no trial is stopped by them.
    """
    fidelity = describe_fidelity(run)
    if fidelity is None or not stops_trials(run.study):
        return []
    known = {arm: tau for arm, tau in fidelity.by_arm.items() if tau is not None and tau.num_trials >= _FEWEST_PAIRS}
    if not known:
        text = f"It is unknown if scores of {fidelity.num_early:,} images are good enough to stop trials by"
        why = f"no arm has {_FEWEST_PAIRS} completed search trials with both scores"
        return [HealthFinding("cheap scores", "unknown", f"{text}, because {why}.")]
    texts = [
        f"{whole_percent((1 - each.tau) / 2)} of the pairs of {quantity(each.num_trials, 'trial')} of {arm}"
        for arm, each in known.items()
    ]
    text = f"Scores of {fidelity.num_early:,} and of {fidelity.num_full:,} images order {listed(texts)} differently"
    if min(each.tau for each in known.values()) >= _LEAST_TAU:
        return [HealthFinding("cheap scores", "fine", f"{text}.")]
    more = 4 * fidelity.num_early
    setting = number(more) if more < fidelity.num_full else "null"
    text = f"{text}, which is too much to stop trials by the cheap ones."
    return [HealthFinding("cheap scores", "serious", text, (f"objective.early_num_samples={setting}",))]
