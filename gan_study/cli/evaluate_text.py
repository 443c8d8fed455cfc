"""Print an evaluation: the name of the score, both collections, all scores beside those of real images, and notes."""

import textwrap
from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_study.analysis.sentences.number_text import ROUGH_FLOOR
from gan_study.cli.terminal.outcome import print_line
from gan_study.evaluation.collections.evaluation import Collection, Evaluation
from gan_study.metrics.all_scores import AllScores, ClassScores, NeighbourScores

Row = tuple[str, str, str, str]
"""A score's name, its value, its value for real images, and an explanation, which is printed below the table."""

_MOST_CLASSES = 10
_MOST_COLUMNS = 120
"""The longest line where there is no terminal."""
_UNBROKEN = "\N{NO-BREAK SPACE}"


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """Print an evaluation; a score that could not be computed is a dash with the reason."""
    published = "" if evaluation.is_published_fid else "; not comparable with published FID"
    print_line(console, f"Score: {evaluation.label}, lower is better{published}.")
    print_line(console, f"Generated: {_collection(evaluation.generated)}")
    print_line(console, f"Reference: {_collection(evaluation.reference)}")
    if evaluation.extractor_accuracy is not None:
        print_line(
            console, f"The classifier classifies {evaluation.extractor_accuracy:.1%} of held-out images correctly."
        )
    if evaluation.reconstruction_error is not None:
        print_line(
            console, f"The autoencoder loses {evaluation.reconstruction_error:.1%} of the variance of held-out images."
        )
    for note in evaluation.notes:
        print_line(console, f"Note: {note}")
    console.print()
    rows = list(_rows(evaluation))
    console.print(_table(rows))
    console.print()
    width = console.width if console.is_terminal else min(console.width, _MOST_COLUMNS)
    for name, _, _, about in rows:
        if about:
            print_line(
                console, textwrap.fill(f"{name}: {about}.", width, subsequent_indent="  ", break_on_hyphens=False)
            )
    if evaluation.scores.classes is not None:
        print_line(console, _shares(evaluation.scores.classes, evaluation.class_names or (), width))


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("score", "value", "real against real"):
        table.add_column(name, overflow="fold")
    for name, value, real, _ in rows:
        table.add_row(Text(name), Text(value), Text(real))
    return table


def _rows(evaluation: Evaluation) -> Iterator[Row]:
    scores, is_fid = evaluation.scores, evaluation.is_published_fid
    name = "FID" if is_fid else "FD"
    below = "; rounding can bring a distance of 0 slightly below it" if scores.frechet_distance < 0 else ""
    yield name, _number(scores.frechet_distance), _number(scores.floor), f"{_about_floor(scores)}{below}"
    if scores.draws is not None:
        shown = ", ".join(map(_number, scores.draws))
        spread = f"their standard deviation is {stdev(scores.draws):.2g}"
        about = f"{len(scores.draws)} draws of fresh latents scored {shown}; {spread}"
        yield f"{name}, mean of draws", _number(fmean(scores.draws)), "", about
    infinity = scores.infinity
    if infinity is None:
        yield f"{name}-infinity", "-", "", scores.missing["infinity"]
    else:
        interval = f"its 95 % interval is {_number(infinity.low)} to {_number(infinity.high)}"
        yield (
            f"{name}-infinity",
            _number(infinity.value),
            "",
            f"this extrapolates to infinitely many generated images; {interval}",
        )
    yield _kernel_row(scores, "KID" if is_fid else "kernel distance")
    yield _mind_row(scores, "MIND" if is_fid else "Monge distance")
    if scores.neighbours is None:
        yield "precision, recall, density, coverage, Vendi score", "-", "-", scores.missing["neighbours"]
    else:
        yield from _neighbour_rows(scores.neighbours, scores.missing)
    if scores.classes is not None:
        yield from _class_rows(scores.classes)
    else:
        yield "inception-type score, classes", "-", "-", scores.missing["classes"]


def _about_floor(scores: AllScores) -> str:
    if scores.floor is None:
        return scores.missing["floor"]
    rough = f"; {ROUGH_FLOOR}" if scores.floor_is_rough else ""
    return f"real against real is what as many images of a perfect generator are expected to score{rough}"


def _kernel_row(scores: AllScores, name: str) -> Row:
    kernel = scores.kernel
    if kernel is None:
        return name, "-", "", scores.missing["kernel"]
    about = f"this uses one set of {kernel.subset_size:,} images of each side"
    if kernel.num_subsets > 1:
        subsets = f"{kernel.num_subsets} subsets of {kernel.subset_size:,} images"
        about = f"this is the mean over {subsets}; their standard deviation is {_number(kernel.std)}"
    return name, _number(kernel.mean), "0", about


def _mind_row(scores: AllScores, name: str) -> Row:
    mind = scores.mind
    if mind is None:
        return name, "-", "-", scores.missing["mind"]
    about = f"this is the sliced Wasserstein distance of {mind.num:,} images of each side (3 d times its square)"
    return name, _number(mind.value), _number(mind.real), about


def _neighbour_rows(neighbours: NeighbourScores, missing: dict[str, str]) -> Iterator[Row]:
    control = neighbours.control
    about = f"this and the next three use {neighbours.num:,} images of each side, chosen at random from a larger one"
    if control is None:
        about = f"{about}; there is no control, since it needs twice as many reference images as are scored"
    for name in ("precision", "recall", "density", "coverage"):
        value = getattr(neighbours.scores, name)
        yield name, _number(value), _number(getattr(control, name, None)), about
        about = ""
    vendi = neighbours.vendi
    if vendi is None:
        yield "Vendi score", "-", "-", missing["vendi"]
    else:
        yield (
            "Vendi score",
            _number(vendi.generated),
            _number(vendi.real),
            f"this uses {neighbours.num:,} images of each side",
        )


def _class_rows(classes: ClassScores) -> Iterator[Row]:
    ours, theirs, histogram = classes.inception_score, classes.real_inception_score, classes.histogram
    about = f"its standard deviation over parts is {_number(ours.std)}"
    yield "inception-type score", _number(ours.mean), _number(theirs.mean), about
    num_real = sum(share > 0 for share in classes.real_shares)
    sure = f"{histogram.num_sure_modes} of them have at least a tenth of their expected images"
    yield "classes found", str(histogram.num_modes), str(num_real), sure
    expected = "real against real is what as many real images are expected to have"
    yield "classes, KL divergence", _number(histogram.kl), _number(histogram.expected_kl), expected


def _shares(classes: ClassScores, class_names: tuple[str, ...], width: int) -> str:
    """The classes whose shares differ most from the real ones, in lines that end between two classes."""
    pairs = list(enumerate(zip(classes.histogram.shares, classes.real_shares, strict=True)))
    pairs.sort(key=lambda pair: abs(pair[1][0] - pair[1][1]), reverse=True)
    shown = [
        f"{class_names[number]}: {ours:.1%} ({theirs:.1%})" for number, (ours, theirs) in sorted(pairs[:_MOST_CLASSES])
    ]
    which = "each class" if len(pairs) <= _MOST_CLASSES else "the classes that differ most"
    listed = ", ".join(share.replace(" ", _UNBROKEN) for share in shown)
    lines = textwrap.wrap(f"Share of {which} (real): {listed}", width, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines).replace(_UNBROKEN, " ")


def _collection(collection: Collection) -> str:
    num = "an unknown number of" if collection.num is None else f"{collection.num:,}"
    how = collection.preprocessing or "unknown, as the file does not say what made it"
    return f"{collection.place}: {num} {collection.kind}; preprocessing {how}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
