"""The table of a conditional GAN's classes, for confirmed seeds."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.sentences.number_text import NOTHING, number, percent, score_text
from gan_study.report.tables.table import Table
from gan_study.runs.records.final_scores import ClassRecord

MOST_CLASSES = 20
"""Most classes of an arm in the table: those farthest from their real images."""


def class_table(arms: Iterable[ConfirmedArm]) -> Table:
    """The classes of each conditional arm, with means over its seeds; the worst ones of an arm that has many."""
    rows = [row for arm in arms for row in _rows(arm)]
    return Table(("Arm", "Class", "Frechet distance (real)", "Accuracy"), tuple(rows), frozenset({"Arm", "Class"}))


def class_caption(arms: Iterable[ConfirmedArm]) -> str:
    """Explain the table, and name the arms of which it leaves classes out."""
    left_out = {arm.arm: max(len(seeds[0]) - MOST_CLASSES, 0) for arm in arms if (seeds := _seeds(arm))}
    text = ", ".join(f"{num:,} of {arm}" for arm, num in left_out.items() if num)
    more = f" The table leaves out {text}, whose images are closer to their real ones." if text else ""
    return (
        "Classes of the conditional arms, from the first draw of the final scores; means over seeds. The distance is "
        "that between a class's generated images and half of its real ones, and in parentheses that between both "
        "halves of the real ones. It is not comparable with the score, because a class has fewer images. The accuracy "
        f"is the share of a class's images in which the classifier sees that class.{more}"
    )


def _rows(arm: ConfirmedArm) -> list[tuple[str, ...]]:
    seeds = _seeds(arm)
    classes = sorted(zip(*seeds, strict=True), key=_distance, reverse=True)[:MOST_CLASSES]
    return [(arm.arm, found[0].name, _distance_text(found), _accuracy(found)) for found in classes]


def _seeds(arm: ConfirmedArm) -> list[tuple[ClassRecord, ...]]:
    return [t.final_scores.classes for t in arm.trials if t.final_scores is not None and t.final_scores.classes]


def _distance(found: Sequence[ClassRecord]) -> float:
    return fmean([r.frechet_distance.value for r in found if r.frechet_distance is not None] or [0.0])


def _distance_text(found: Sequence[ClassRecord]) -> str:
    known = [record.frechet_distance for record in found if record.frechet_distance is not None]
    if not known:
        return NOTHING
    real = [one.real for one in known if one.real is not None]
    return f"{score_text(_distance(found))} ({number(round(fmean(real), 1)) if real else NOTHING})"


def _accuracy(found: Sequence[ClassRecord]) -> str:
    known = [record.accuracy for record in found if record.accuracy is not None]
    return percent(fmean(known) if known else None)
