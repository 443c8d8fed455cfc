"""Importance of the hyperparameters, as numbers with their uncertainty and as sentences."""

from dataclasses import dataclass

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import quantity, whole_percent
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.runs.records.importance import ParameterImportance, Target, TargetImportance


@dataclass(frozen=True)
class HyperparameterShare:
    """Share of a target's variance that one hyperparameter explains alone."""

    name: str
    share: Estimate | None
    """Share in [0, 1], with the interval over resampled trials and forests; None with a reason."""
    by_chance: float | None
    """95 % quantile of the share with shuffled targets. A smaller share may be chance."""
    num_trials: int
    """Trials in which the hyperparameter exists, on which the share is computed."""
    condition: str | None
    reason: str | None

    @property
    def is_above_chance(self) -> bool:
        """True if the share is larger than with shuffled targets."""
        return self.share is not None and self.by_chance is not None and self.share.value > self.by_chance


@dataclass(frozen=True)
class ArmImportance:
    """Importance of the hyperparameters in one arm's search, for one target."""

    arm: str
    target: Target
    num_trials: int
    sentence: str
    """The shares in words."""
    shares: tuple[HyperparameterShare, ...]
    """The shares, the largest first and those without a number last."""

    @property
    def is_known(self) -> bool:
        """True if any hyperparameter has a number."""
        return any(each.share is not None for each in self.shares)


def arm_importances(run: RunData) -> tuple[ArmImportance, ...]:
    """Every arm and target of importance.json; empty without that file."""
    if run.importance is None:
        return ()
    return tuple(_arm_importance(target) for target in run.importance.targets if target.parameters)


def _arm_importance(target: TargetImportance) -> ArmImportance:
    shares = [_share(parameter) for parameter in target.parameters]
    shares.sort(key=lambda each: -each.share.value if each.share else 1.0)
    sentence = _sentence(target, shares)
    return ArmImportance(target.arm, target.target, target.num_trials, sentence, tuple(shares))


def _share(found: ParameterImportance) -> HyperparameterShare:
    share = None
    if found.value is not None and found.low is not None and found.high is not None:
        share = Estimate(found.value, found.low, found.high)
    return HyperparameterShare(
        found.name, share, found.by_chance, found.num_trials, found.condition, found.reason if share is None else None
    )


def _sentence(target: TargetImportance, shares: list[HyperparameterShare]) -> str:
    what = "the score" if target.target == "score" else "whether a trial fails or collapses"
    head = f"{target.arm}, {what}: "
    if target.reason is not None:
        return f"{head}no importance is given, because {target.reason}."
    above = [f"{_named(each)} {_interval(each.share)}" for each in shares if each.share and each.is_above_chance]
    below = [_named(each) for each in shares if each.share and not each.is_above_chance]
    parts = [f"of its variance over {quantity(target.num_trials, 'trial')}, {', '.join(above)}" if above else ""]
    parts.append(f"not more than chance: {', '.join(below)}" if below else "")
    parts += [f"{_named(each)}: none, because {each.reason}" for each in shares if each.share is None and each.reason]
    return head + "; ".join(part for part in parts if part) + "."


def _named(share: HyperparameterShare) -> str:
    return f"{share.name} (in {quantity(share.num_trials, 'trial')})" if share.condition else share.name


def _interval(share: Estimate) -> str:
    return f"{whole_percent(share.value)} ({whole_percent(share.low)} to {whole_percent(share.high)})"
