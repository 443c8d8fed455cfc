"""All pictures of the page, read from the run folder."""

from collections.abc import Mapping
from dataclasses import dataclass

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.summary import shown_trial
from gan_study.report.closer import CloserLook, interpolation_pictures, neighbour_pictures
from gan_study.report.films import Film, make_films
from gan_study.report.wall import WallRow, sample_wall
from gan_study.runs.folder import RunFolder


@dataclass(frozen=True)
class Pictures:
    """What the page shows of the images that generators have made."""

    wall: tuple[WallRow, ...]
    films: tuple[Film, ...]
    num_left_out: int
    """Trials whose timelines would have made the page too large."""
    neighbours: tuple[CloserLook, ...]
    interpolations: tuple[CloserLook, ...]


def shown_trials(run: RunData) -> dict[str, TrialData]:
    """For each arm with a score, the trial whose images stand for it."""
    confirmed = confirmed_arms(run)
    found = {arm: shown_trial(run, arm, confirmed.get(arm)) for arm in run.arms}
    return {arm: trial for arm, trial in found.items() if trial is not None}


def load_pictures(run: RunData, folder: RunFolder, shown: Mapping[str, TrialData]) -> Pictures:
    """Read and shrink the pictures; each timeline is also written into its trial's folder as an animated image.

    shown: as `shown_trials` gives it.
    """
    confirmed = list(confirmed_arms(run).values())
    films, num_left_out = make_films(run, folder, shown, confirmed)
    return Pictures(
        wall=sample_wall(run, folder, shown, confirmed),
        films=films,
        num_left_out=num_left_out,
        neighbours=neighbour_pictures(run, folder, shown),
        interpolations=interpolation_pictures(folder, shown),
    )
