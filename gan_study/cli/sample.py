"""The work behind `sample`: check what was asked for, and write a generator's images into a new folder."""

import re
from dataclasses import replace

from rich.console import Console

from gan_study.cli.preparation.claim import warn_of_lost_trials
from gan_study.cli.preparation.output_folder import describe_incomplete, new_folder, next_free_name
from gan_study.cli.terminal.interruption import explain_interruption
from gan_study.cli.terminal.outcome import make_console, print_line
from gan_study.config.reading.suggestions import no_such
from gan_study.errors import InputError
from gan_study.evaluation.classes import find_class
from gan_study.evaluation.generators import load_trained_generator
from gan_study.evaluation.sampling import ANIMATIONS, SampleRequest, write_samples
from gan_study.evaluation.snapshots import find_snapshot

_MOST_IN_A_GRID = 10_000


def sample(
    location: str,
    request: SampleRequest,
    out: str | None,
    arm: str | None,
    trial: str | None,
    class_name: str | None = None,
) -> None:
    """Write the requested images of a generator into a new folder, and print where they are.

    Args:
        location: a run folder, a trial folder or a snapshot.
        request: the files to write.
        out: the folder; None for `samples`, or the first of `samples_2`, `samples_3`, ... that is not taken.
        arm, trial: choose a generator in a run folder, as in `find_snapshot`.
        class_name: name or number of the class of all images, for a conditional GAN.

    Raises InputError if there is no such generator or class, nothing is requested, or the folder holds other files, and
    InterruptionError (after a message about what is left).
    """
    if request.grid is None and request.num == 0 and request.interpolation is None:
        raise InputError(
            "sample: there must be something to write, but got --grid none, --num 0 and --interpolation none; leave "
            "one of them out"
        )
    target = new_folder(out or next_free_name("samples"))
    warn_of_lost_trials(location)
    snapshot = load_trained_generator(find_snapshot(location, arm, trial))
    source = snapshot.source
    if class_name is not None:
        request = replace(request, class_number=find_class(snapshot, class_name))
    with (
        explain_interruption(lambda: describe_incomplete(target)),
        Console(stderr=True).status(f"sampling {snapshot.place}"),
    ):
        files = write_samples(snapshot, request, target)
    name = f"{source.config.arm}/{source.config.name}"
    print_line(make_console(), f"{name} {source.moment}: {', '.join(files)} are in {target.location}")


def parse_grid(text: str) -> tuple[int, int] | None:
    """Columns and rows of `COLUMNSxROWS`, None for `none`. Raises InputError for another text."""
    if text == "none":
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
    if found is None or int(found[1]) * int(found[2]) > _MOST_IN_A_GRID:
        raise InputError(
            f"--grid: a grid is given as COLUMNSxROWS of at most {_MOST_IN_A_GRID:,} images, or none, but got "
            f"grid={text}; write such as 8x8"
        )
    return int(found[1]), int(found[2])


def parse_animation(text: str) -> str | None:
    """The format of an animation, None for `none`. Raises InputError for another text."""
    if text not in (*ANIMATIONS, "none"):
        raise InputError(f"--interpolation: {no_such('format', text, (*ANIMATIONS, 'none'))}")
    return None if text == "none" else text
