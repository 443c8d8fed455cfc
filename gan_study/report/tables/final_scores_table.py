"""The table of the final scores of confirmed seeds, on fresh draws of latents."""

from collections.abc import Sequence

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import NOTHING, ROUGH_FLOOR, number, score_text
from gan_study.report.score_notes import score_name
from gan_study.report.tables.table import Table
from gan_study.runs.records.final_scores import FinalScores, ScoreWithReal


def final_table(run: RunData, confirmed: Sequence[ConfirmedArm]) -> Table:
    """One row for each confirmed seed with final scores. Columns without any value are left out."""
    name = score_name(run.objective)
    columns = (
        "Arm",
        "Trial",
        f"{name} (sd over draws)",
        f"{name}-infinity (95 %)",
        "KID (sd)" if name == "FID" else "Kernel distance (sd)",
        "MIND" if name == "FID" else "Monge distance",
        "Precision",
        "Recall",
        "Density",
        "Coverage",
        "Vendi score",
        "Inception-type score",
        "Class accuracy",
    )
    scored = [(arm.arm, t.name, t.final_scores) for arm in confirmed for t in arm.trials if t.final_scores]
    rows = [(arm, trial, *_cells(scores)) for arm, trial, scores in scored]
    kept = [i for i in range(len(columns)) if any(row[i] != NOTHING for row in rows)]
    return Table(
        tuple(columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows), frozenset({"Arm", "Trial"})
    )


def final_note(confirmed: Sequence[ConfirmedArm]) -> str:
    """Explain the scores of the table: numbers of images, floor and values in parentheses."""
    found = [t.final_scores for arm in confirmed for t in arm.trials if t.final_scores]
    if not found:
        return ""
    one = found[0]
    neighbours = {f"{scores.neighbours.num:,}" for scores in found if scores.neighbours}
    of_neighbours = f" Neighbours and Vendi score: {', '.join(sorted(neighbours))} images of each side." * bool(
        neighbours
    )
    return (
        f"Final scores on fresh latents: {len(one.draws)} draws of {one.key.num_generated:,} images, v "
        f"{one.key.num_real:,} real ones; real-against-real floor {number(one.floor)}"
        f"{f', {ROUGH_FLOOR}' if one.floor_is_rough else ''}. All other scores are of the first draw, v "
        f"{one.num_real:,} real images.{of_neighbours} The numbers in parentheses after them are those of real images."
    )


def _cells(scores: FinalScores) -> tuple[str, ...]:
    infinity, kernel, neighbours = scores.infinity, scores.kernel, scores.neighbours
    return (
        _with(score_text(scores.mean), number(scores.std)),
        _with(score_text(infinity.value), f"{score_text(infinity.low)} to {score_text(infinity.high)}")
        if infinity
        else NOTHING,
        _with(number(kernel.mean), number(kernel.std)) if kernel else NOTHING,
        _compared(scores.mind),
        *(
            _compared(getattr(neighbours, name, None))
            for name in ("precision", "recall", "density", "coverage", "vendi")
        ),
        _compared(scores.inception_score),
        _compared(scores.class_accuracy),
    )


def _compared(found: ScoreWithReal | None) -> str:
    return NOTHING if found is None else _with(number(round(found.value, 3)), number(_rounded(found.real)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _with(text: str, beside: str) -> str:
    return f"{text} ({beside})"
