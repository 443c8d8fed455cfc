"""Arms that have the same definition in several studies: one way of training, searched more than once."""

from collections.abc import Collection, Sequence
from typing import Any

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import listed
from gan_study.config.arms.arm import Arm
from gan_study.config.rules.extension import arm_definition


def same_arms(runs: Sequence[RunData]) -> tuple[tuple[str, ...], ...]:
    """Groups of arms of different studies with equal fixed values, ranges and first trials, in the order of the runs.

    The names of the arms must be unique. Settings of a whole study, such as the sampler, are ignored.
    """
    groups: list[tuple[dict[str, Any], list[tuple[int, str]]]] = []
    for number, run in enumerate(runs):
        for arm in run.arms:
            definition = arm_definition(Arm(run.study, arm))
            members = next((members for known, members in groups if known == definition), None)
            if members is None:
                members = []
                groups.append((definition, members))
            members.append((number, arm))
    return tuple(
        tuple(arm for _, arm in members) for _, members in groups if len({number for number, _ in members}) > 1
    )


def are_same_arm(a: str, b: str, groups: Collection[Collection[str]]) -> bool:
    """Return True if two arms are in one group."""
    return any(a in group and b in group for group in groups)


def same_arms_words(arms: Sequence[str]) -> str:
    """Explain that two or more arms are the same, and what that means for a difference between them."""
    return (
        f"{listed(arms)} are the same arm in different studies: equal fixed values, search space and first trial. A "
        "difference between their scores is a difference between searches, which may find different configurations. "
        "It says nothing about the method, so no arm wins by it."
    )
