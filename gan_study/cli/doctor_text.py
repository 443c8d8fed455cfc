"""Print a data set's summary: sections of short lines, a table of networks, and blocks for a study file."""

import io
from collections.abc import Iterator

from rich.console import Console
from rich.filesize import decimal
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from gan_study.analysis.sentences.number_text import duration
from gan_study.cli.terminal.outcome import print_line
from gan_study.config.base import Frozen
from gan_study.data.inspection.advice import MIN_REAL_FOR_FID
from gan_study.data.inspection.inspection import Inspection
from gan_study.data.places import cache_folder
from gan_study.data.survey import Spread
from gan_study.errors import printable
from gan_study.evaluation.collections.dataset_summary import DatasetSummary

_MAX_NAMED = 10
_NUM_EPOCHS = 50
_INDENT = (0, 0, 0, 2)


def print_dataset_summary(console: Console, summary: DatasetSummary) -> None:
    """Print a data set's summary, which ends with the blocks for a study file."""
    size = summary.dataset.image_size
    _print_rows(console, "Images", _image_rows(summary))
    _print_title(console, f"Networks at {size} x {size} pixels")
    console.print(Padding(_network_table(summary), _INDENT, expand=False))
    print_line(
        console,
        "  Estimated for one core of the developers' machine, at the default width and without a penalty; a GPU takes "
        "far less.",
    )
    _print_rows(console, "Scores and memory", _score_rows(summary))
    _print_title(console, "Advice, gravest first" if summary.advice else "Advice: none, nothing is in the way")
    for advice in summary.advice:
        print_line(console, f"  - {printable(advice.finding)}\n    To do: {printable(advice.remedy)}")
    if summary.preview:
        _print_title(console, f"Preview, written to {printable(summary.preview)}")
        print_line(console, "  --preview FILE.png writes it elsewhere.")
    else:
        _print_title(console, "Preview: none, as no example could be decoded")
    _print_title(console, "For a study file:")
    print_line(console, study_blocks(summary))


def study_blocks(summary: DatasetSummary) -> str:
    """The `dataset` and `objective` blocks of a study file as YAML, without most defaults."""
    blocks = CommentedMap(dataset=_block(summary.dataset), objective=_block(summary.objective))
    yaml, stream = YAML(), io.StringIO()
    yaml.width = 4096
    yaml.dump(blocks, stream)
    return stream.getvalue().rstrip()


def _block(config: Frozen) -> CommentedMap:
    always = {"name", "image_size", "metric", "extractor", "num_samples"}
    values = config.model_dump(exclude_none=True)
    said = {key: value for key, value in values.items() if key in always or key in _changed(config)}
    block = CommentedMap(said)
    block.fa.set_flow_style()
    return block


def _changed(config: Frozen) -> set[str]:
    return {key for key, field in type(config).model_fields.items() if getattr(config, key) != field.default}


def _image_rows(summary: DatasetSummary) -> Iterator[tuple[str, str]]:
    inspection, survey = summary.inspection, summary.inspection.survey
    yield "place", printable(inspection.place)
    learned = f"{inspection.num_train:,} to learn, {inspection.num_held_out:,} held out"
    yield "number", f"{survey.num_images:,}: {learned}"
    stored = ", ".join(f"{mode} {number:,}" for mode, number in survey.modes.items())
    yield "channels", f"{inspection.channels} ({'grey' if inspection.channels == 1 else 'colour'}); stored as {stored}"
    yield "width", _spread(survey.width)
    yield "height", _spread(survey.height)
    yield "classes", _classes(inspection)
    yield "duplicates", f"{survey.num_duplicates:,}" if survey.num_duplicates else "none"
    yield "corrupt", _left_out(survey.corrupt)
    if survey.refused:
        yield "not taken", _left_out(survey.refused)
    not_used = [*inspection.notes.passed_over.parts(), *filter(None, [survey.further_pages])]
    yield "not used", ", ".join(not_used) or "nothing is passed over"


def _score_rows(summary: DatasetSummary) -> Iterator[tuple[str, str]]:
    objective, num_real = summary.objective, summary.inspection.survey.num_images
    yield (
        "samples",
        f"{objective.num_samples:,} generated images per score with extractor: {objective.extractor}, which is enough "
        f"(it needs ten for each of its features, fewer than {objective.num_samples // 10})",
    )
    fid = "10,000 to search, 50,000 to compare with papers"
    few = f"; {num_real:,} real images are too few for it" if num_real < MIN_REAL_FOR_FID else ""
    yield "with metric: fid", f"{fid}{few}"
    size = decimal(summary.cache_bytes)
    yield "disk", f"{size} of decoded images in {cache_folder()}"
    yield "memory", f"at most {size} for them on each machine, shared by all its trials and freed when needed elsewhere"


def _network_table(summary: DatasetSummary) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("network", "built for", "1 epoch", f"{_NUM_EPOCHS} epochs"):
        table.add_column(column)
    for fit in summary.networks:
        sizes = "any size" if fit.image_sizes is None else ", ".join(map(str, fit.image_sizes))
        times = ["does not fit", ""]
        if fit.epoch_sec is not None:
            times = [duration(max(1, sec)) for sec in (fit.epoch_sec, _NUM_EPOCHS * fit.epoch_sec)]
        table.add_row(fit.network, sizes, *times)
    return table


def _spread(spread: Spread) -> str:
    if spread.min == spread.max:
        return f"{spread.min:,} pixels"
    return f"{spread.min:,} to {spread.max:,} pixels, median {spread.median:,.4g}"


def _classes(inspection: Inspection) -> str:
    counts, common = inspection.class_counts, inspection.notes.layout.common_folder
    if counts is None:
        return "none"
    where = f" (the folders in {common})" if common else ""
    shown = ", ".join(f"{printable(name)} {number:,}" for name, number in list(counts.items())[:_MAX_NAMED])
    more = f" and {len(counts) - _MAX_NAMED:,} more" if len(counts) > _MAX_NAMED else ""
    return f"{len(counts):,}: {shown}{more}{where}"


def _left_out(files: dict[str, str]) -> str:
    if not files:
        return "none"
    shown = [printable(f"{name} ({reason})") for name, reason in list(files.items())[:_MAX_NAMED]]
    more = [f"and {len(files) - _MAX_NAMED:,} more; --json names all"] if len(files) > _MAX_NAMED else []
    return "\n".join([f"{len(files):,}:", *shown, *more])


def _print_rows(console: Console, title: str, rows: Iterator[tuple[str, str]]) -> None:
    _print_title(console, title)
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(label, Text(value))
    console.print(Padding(grid, _INDENT, expand=False))


def _print_title(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold", markup=False, highlight=False, soft_wrap=True)
