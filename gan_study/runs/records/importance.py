"""importance.json: the importance of each arm's hyperparameters for the score and for failures.

The search writes it with Optuna; the report reads it without.
"""

from typing import Literal

from gan_study.runs.records.measurements import SCHEMA_VERSION, Record

Target = Literal["score", "failure"]


class ParameterImportance(Record):
    """Importance of one searched hyperparameter. Value, interval and chance level are null together, with a reason."""

    name: str
    """Dotted name, as the sampler knows it, with its condition if the hyperparameter has several ranges."""
    num_trials: int
    """Trials in which the hyperparameter exists; the value rests on these."""
    value: float | None
    """Share of the target's variance over the search space that it explains alone, in [0, 1]."""
    low: float | None
    """2.5 % quantile over resampled trials."""
    high: float | None
    """97.5 % quantile."""
    by_chance: float | None
    """95 % quantile with targets shuffled among the trials; a value below it may be due to chance."""
    reason: str | None = None
    """Reason for a missing value."""
    condition: str | None = None
    """Choices under which the hyperparameter exists; its share then refers to the variance among those trials."""


class TargetImportance(Record):
    """Importance of an arm's hyperparameters for one target."""

    arm: str
    target: Target
    """`score`: the logarithm of a completed trial's score, or the score itself if any is not above 0. `failure`: 1 for
    an ended trial that diverged, failed or collapsed, otherwise 0."""
    scale: Literal["log", "linear", "0/1"]
    """Scale of the target."""
    num_trials: int
    """Trials that have the target."""
    num_failed: int | None
    """For `failure`, the trials that failed; null for `score`."""
    parameters: tuple[ParameterImportance, ...]
    """Every hyperparameter that the arm searches."""
    reason: str | None = None
    """Reason if no hyperparameter has a value."""


class ImportanceRecord(Record):
    """The content of importance.json."""

    schema_version: Literal[1] = SCHEMA_VERSION
    method: Literal["fanova"] = "fanova"
    """Functional ANOVA of a random forest (Hutter et al. 2014), by Optuna. Ranges are on the scale on which values are
    drawn."""
    num_forests: int
    """Forests on all trials, each with its own seed; the value is their mean."""
    num_trees: int
    """Trees in each forest."""
    num_resamples: int
    """Bootstrap samples of the trials, each with a forest of its own seed. The interval covers chance in trials and
    forests, but not what a forest of few trials misses."""
    num_shuffles: int
    """Shuffles of the targets among the trials."""
    targets: tuple[TargetImportance, ...]
    """Score and failures of each arm."""
