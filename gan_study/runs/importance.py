"""importance.json: which hyperparameters of each arm's search mattered, for the score and for failing.

Written by whoever has Optuna, read by the report, which has not.
"""

from typing import Literal

from gan_study.runs.records import SCHEMA_VERSION, Record

Target = Literal["score", "failure"]


class ParameterImportance(Record):
    """One searched hyperparameter. Value, interval and chance level are null together, with the reason."""

    name: str
    """As the sampler knows it: dotted, with its condition where it has several ranges."""
    num_trials: int
    """Trials that this rests on: those in which it exists."""
    value: float | None
    """Share of the target's variance over the search space that it explains alone, in [0, 1]."""
    low: float | None
    """2.5 % quantile over resampled trials."""
    high: float | None
    """97.5 % quantile."""
    by_chance: float | None
    """95 % quantile where the targets are shuffled among the trials: a value below it may be chance."""
    reason: str | None = None
    """Why there is no value."""
    condition: str | None = None
    """Under which choices it exists; its share is one of the variance among those trials alone."""


class TargetImportance(Record):
    """One arm and one target."""

    arm: str
    target: Target
    """score: the logarithm of a completed trial's score, or the score where one is not above 0. failure: 1 for an ended
    trial that diverged, failed or collapsed, else 0."""
    scale: Literal["log", "linear", "0/1"]
    """Of the target."""
    num_trials: int
    """Trials that have the target."""
    num_failed: int | None
    """failure: how many of them failed; null for score."""
    parameters: tuple[ParameterImportance, ...]
    """Every hyperparameter that the arm searches."""
    reason: str | None = None
    """Why no parameter has a value."""


class ImportanceRecord(Record):
    """The whole file."""

    schema_version: Literal[1] = SCHEMA_VERSION
    method: Literal["fanova"] = "fanova"
    """Functional ANOVA of a random forest (Hutter et al. 2014), by Optuna. Ranges are taken on the scale on which they
    are drawn."""
    num_forests: int
    """Forests on all trials, each with a seed of its own, whose mean is the value."""
    num_trees: int
    """Of each forest."""
    num_resamples: int
    """Times the trials were drawn anew, with replacement, each for a forest with a seed of its own. The interval is
    that of luck in the trials and in the forest; that a forest of few trials misses some of the truth is not in it."""
    num_shuffles: int
    """Times the targets were shuffled among the trials."""
    targets: tuple[TargetImportance, ...]
    """For each arm the score and the failures."""
