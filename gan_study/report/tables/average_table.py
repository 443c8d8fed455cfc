"""The table of scores by the half-life of the averaged generator, for trainings that keep several averages."""

from collections.abc import Iterable
from statistics import fmean

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.sentences.number_text import NOTHING, score_text
from gan_study.config.values.half_lives import half_lives
from gan_study.report.tables.table import Table

AVERAGE_CAPTION = (
    "Averages of the generator's weights that the confirmed trainings kept beside the first one, whose images the "
    "report shows. All averages of a training are scored at its end on the same latents. A lower score of another "
    "half-life decides nothing here; name it first in a new study."
)


def average_table(arms: Iterable[ConfirmedArm]) -> Table:
    """One row for each arm and half-life, for arms whose trainings keep several averages."""
    rows = []
    for arm in arms:
        last = [t.evaluations[-1] for t in arm.trials if t.evaluations and t.evaluations[-1].ema_scores]
        if not last:
            continue
        first = half_lives(arm.trials[0].config.training.ema_half_life_kimg)[0]
        found = {f"{first:g} (first)": [e.score for e in last]}
        for half_life in last[0].ema_scores or {}:
            found[half_life] = [(e.ema_scores or {}).get(half_life) for e in last]
        for half_life, scores in found.items():
            present = [score for score in scores if score is not None]
            mean = score_text(fmean(present)) if present else NOTHING
            rows.append((arm.arm, half_life, str(len(present)), mean, ", ".join(map(score_text, present))))
    return Table(("Arm", "Half-life (kimg)", "Trainings", "Mean", "Scores"), tuple(rows), frozenset({"Arm"}))
