"""All pictures of a page, read from the run folders."""

from collections.abc import Mapping
from dataclasses import dataclass

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.summary import shown_trial
from gan_study.report.pictures.closer_looks import CloserLook, interpolation_pictures, neighbour_pictures
from gan_study.report.pictures.films import Film, make_films
from gan_study.report.pictures.find_trial import find_in_run, find_in_studies
from gan_study.report.pictures.wall import WallRow, sample_wall
from gan_study.runs.folder import RunFolder


@dataclass(frozen=True)
class Pictures:
    """All pictures of generated images on a page."""

    wall: tuple[WallRow, ...]
    neighbours: tuple[CloserLook, ...]
    interpolations: tuple[CloserLook, ...]
    films: tuple[Film, ...] = ()
    num_left_out: int = 0
    """Trials whose timelines are left out because the page would be too large."""


def shown_trials(run: RunData) -> dict[str, TrialData]:
    """The representative trial of each arm with a score, whose images are shown."""
    confirmed = confirmed_arms(run)
    found = {arm: shown_trial(run, arm, confirmed.get(arm)) for arm in run.arms}
    return {arm: trial for arm, trial in found.items() if trial is not None}


def load_pictures(run: RunData, folder: RunFolder, shown: Mapping[str, TrialData]) -> Pictures:
    """Read and shrink the pictures. Each timeline is also written into its trial's folder as an animated image.

    shown: the representative trials, from `shown_trials`.
    """
    confirmed, find = list(confirmed_arms(run).values()), find_in_run(folder)
    films, num_left_out = make_films(run, folder, shown, confirmed)
    return Pictures(
        wall=sample_wall(run, find, shown, confirmed),
        neighbours=neighbour_pictures(run, find, shown),
        interpolations=interpolation_pictures(find, shown),
        films=films,
        num_left_out=num_left_out,
    )


def compared_pictures(found: SideBySide) -> Pictures:
    """Pictures of the compared studies, without films, which are in each study's own report."""
    run, find = found.together, find_in_studies(found)
    trials = {arm: trial for each in found.runs for arm, trial in shown_trials(each).items()}
    shown = {arm: trials[arm] for arm in found.standing if arm in trials}
    return Pictures(
        wall=sample_wall(run, find, shown, [found.confirmed[arm] for arm in found.standing if arm in found.confirmed]),
        neighbours=neighbour_pictures(run, find, shown),
        interpolations=interpolation_pictures(find, shown),
    )
