"""Pictures of nearest training images, and of interpolations between latents."""

from collections.abc import Mapping
from dataclasses import dataclass

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.sentences.number_text import number
from gan_study.report.pictures.find_trial import FindTrial
from gan_study.report.pictures.thumbnails import Thumbnail, make_thumbnail
from gan_study.runs.records.diagnosis import VerdictName

_WIDE, _QUALITY = 640, 85
_MOST_MEMORISERS = 8
"""Largest number of trials with possible memorisation that are shown besides the arms' representative trials."""


@dataclass(frozen=True)
class CloserLook:
    """A picture of one trial, with its caption."""

    arm: str
    trial: str
    picture: Thumbnail
    caption: str


def neighbour_pictures(run: RunData, find: FindTrial, shown: Mapping[str, TrialData]) -> tuple[CloserLook, ...]:
    """Pictures of generated images above their nearest training images.

    They are of the representative trial of each arm, and of trials with possible memorisation. Empty if no trial was
    measured. shown: the representative trials by arm.
    """
    suspects = [
        trial
        for trial in run.trials
        if (found := run.verdict_of(trial)) is not None
        and found.verdict.name is VerdictName.POSSIBLE_MEMORISATION
        and trial not in shown.values()
    ]
    looks = (_neighbours(run, find, t) for t in [*shown.values(), *suspects[:_MOST_MEMORISERS]])
    return tuple(look for look in looks if look is not None)


def _neighbours(run: RunData, find: FindTrial, trial: TrialData) -> CloserLook | None:
    verdict = run.verdict_of(trial)
    if verdict is None or verdict.diagnosis is None:
        return None
    files = find(trial)
    png = files.read_neighbours()
    if png is None:
        return None
    distances = verdict.diagnosis.neighbour_distances
    measured = verdict.diagnosis.diagnostics
    parts = [
        f"Verdict: {verdict.text}. The images are those of {measured.num:,} generated ones that are closest to one of "
        f"{measured.num_train:,} training images, each above it."
    ]
    if distances:
        listed = ", ".join(number(float(f"{d:.2g}")) for d in distances)
        parts.append(f"Distances from left to right: {listed}.")
    picture = make_thumbnail(png, f"{files.storage.location}/samples/neighbours.png", _WIDE, _QUALITY)
    return CloserLook(trial.config.arm, trial.name, picture, " ".join(parts))


def interpolation_pictures(find: FindTrial, shown: Mapping[str, TrialData]) -> tuple[CloserLook, ...]:
    """Pictures of images along paths between latents, for the representative trial of each arm."""
    looks = []
    for trial in shown.values():
        files = find(trial)
        png = files.read_interpolation()
        if png is not None:
            is_normal = trial.config.training.z_distribution == "normal"
            way = "on a great circle (spherical interpolation)" if is_normal else "on a straight line"
            caption = f"Each row leads {way} from one latent to another. Its ends are in the first row of the grid."
            place = f"{files.storage.location}/samples/interpolation.png"
            picture = make_thumbnail(png, place, _WIDE, _QUALITY)
            looks.append(CloserLook(trial.config.arm, trial.name, picture, caption))
    return tuple(looks)
