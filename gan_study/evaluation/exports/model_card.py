"""The model card beside an exported generator: its training, its score, how to load it, and its limits."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from gan_study import __version__
from gan_study.analysis.sentences.number_text import number
from gan_study.config.arms.flat_training import flat_training, searched_names
from gan_study.config.base import flatten
from gan_study.config.rules.extension import setting_text
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.evaluation.exports.known import FILES
from gan_study.runs.records.diagnosis import DiagnosisRecord
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState


@dataclass(frozen=True)
class Exported:
    """The content of a model card."""

    config: TrialConfig
    moment: str
    """The snapshot's moment of the training, in words."""
    num_channels: int
    num_parameters: int
    state: TrialState
    score: float | None
    """The snapshot's score in its training; None if it has none."""
    seed_scores: tuple[float, ...]
    """Scores of all completed confirmed trainings of this configuration, this one included if it is confirmed."""
    objective: ObjectiveRecord | None
    """The objective that gave the score; None if the run folder does not hold it."""
    study_verdict: str | None
    """The sentence about all arms; None outside a study."""
    diagnosis: DiagnosisRecord | None
    """The diagnosis of this snapshot; None if there is none."""
    differences: Mapping[str, float]
    """For each format, the largest difference of its pixels from the original's, on [-1, 1]."""


def model_card(exported: Exported) -> str:
    """The text of README.md, whose Python blocks run in its own folder."""
    config = exported.config
    sections = [
        _front_matter(),
        f"# {config.study}: {config.arm}",
        _summary(exported),
        "## Training\n\n" + "\n".join(_table(_training_rows(exported))),
        "## Score\n\n" + "\n\n".join(_score_paragraphs(exported)),
        "## Use\n\n" + "\n\n".join(_use_paragraphs(exported)),
        "## Limits and licence\n\n" + "\n\n".join(_limit_paragraphs(exported)),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter() -> str:
    """The metadata for model hubs. The user must name the licence."""
    lines = (
        "library_name: gan_study",
        "pipeline_tag: unconditional-image-generation",
        "tags: [gan]",
        "license: unknown",
    )
    return "\n".join(["---", *lines, "---"])


def _summary(exported: Exported) -> str:
    training = exported.config.training
    images = "grey" if exported.num_channels == 1 else "colour"
    size = training.dataset.image_size
    return (
        f"A generator of {size} x {size} {images} images, trained as a GAN on {_code(training.dataset.name)} by "
        f"gan_study {__version__}: the averaged weights {exported.moment}. It has no classes to "
        "choose from."
    )


def _training_rows(exported: Exported) -> Iterator[tuple[str, object]]:
    config = exported.config
    yield "study", config.study
    yield "arm", config.arm
    again = f", {config.source} again with a fresh seed" if config.source else ""
    yield "trial", f"{config.name}{again} ({exported.state.value})"
    dataset = config.training.dataset.model_dump(exclude_none=True, exclude_defaults=True)
    yield "data set", ", ".join(f"{key} {setting_text(value)}" for key, value in flatten(dataset))
    if exported.objective is not None:
        yield "data set's content", exported.objective.key.dataset
        yield "training images", f"{exported.objective.num_train_images:,}"
    yield "generator's parameters", f"{exported.num_parameters:,}"
    searched = searched_names(config.searched)
    for name, value in flat_training(config.training).items():
        yield name, f"{setting_text(value)}{' (searched)' if name in searched else ''}"


def _table(rows: Iterator[tuple[str, object]]) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for name, value in rows:
        yield f"| {name} | {_code(value)} |"


def _score_paragraphs(exported: Exported) -> Iterator[str]:
    score, objective = exported.score, exported.objective
    if score is None or objective is None:
        yield "No score is recorded for this snapshot."
    else:
        key = objective.key
        comparable = (
            "It is an FID as published ones are." if key.is_published_fid else "**Not comparable with published FID.**"
        )
        yield (
            f"**{number(score)}**, {_code(key.label())}, lower is better. {comparable} It is the distance "
            f"of {key.num_generated:,} generated from {key.num_real:,} real images; as many fresh real images would "
            f"score {number(objective.floor)}, and an untrained generator {number(objective.untrained_score)}."
        )
        yield _seeds(exported.seed_scores, score)
    if exported.diagnosis is not None:
        yield f"TrialDiagnosis of its images: {_text(exported.diagnosis.verdict.sentence)}"
    if exported.study_verdict is not None:
        yield f"Verdict of the study: {_text(exported.study_verdict)}"


def _seeds(scores: tuple[float, ...], score: float) -> str:
    """The score to expect of another training."""
    if len(scores) < 2 or score not in scores:
        return (
            "It is the score of one training with one seed. If that was chosen for its score, a new training is likely "
            "to score worse."
        )
    return (
        f"It is the score of one training with one seed. This configuration was trained to the end with {len(scores)} "
        f"seeds, and this one {describe_rank(score, scores)}. They scored {number(min(scores))} to "
        f"{number(max(scores))}, {number(fmean(scores))} on average: expect that of a new training."
    )


def describe_rank(score: float, scores: tuple[float, ...]) -> str:
    """Say where `score` lies among `scores`, which include it and of which the lowest is best."""
    num_better, num_worse = sum(s < score for s in scores), sum(s > score for s in scores)
    if num_better == num_worse == 0:
        return "scored as the others"
    if num_better == 0:
        return "scored best"
    if num_worse == 0:
        return "scored worst"
    return f"scored better than {num_worse} and worse than {num_better} of them"


def _use_paragraphs(exported: Exported) -> Iterator[str]:
    training = exported.config.training
    yield (
        f"The input is `z`, (N, {training.num_inputs}) float32, {_distribution(training)}; the output is images, (N, "
        f"{exported.num_channels}, {training.dataset.image_size}, {training.dataset.image_size}) float32 in [-1, 1]."
    )
    if training.conditional != "none":
        yield (
            "The last entry of `z` decides the class, so that random ones give each class its share of the training "
            "images. For images of class `k`, set it to `choice.centres[k]` of the weights."
        )
    for name, difference in exported.differences.items():
        yield (
            f"{_code(FILES[name])}, whose pixels differ from the original's by at most {difference:.2g} on the scale "
            f"of [-1, 1]:\n\n```python\n{_SNIPPETS[name].format(**_values(exported))}```"
        )


def _limit_paragraphs(exported: Exported) -> Iterator[str]:
    if exported.state is not TrialState.COMPLETED:
        yield f"The training did not come to its end: it is {exported.state.value}."
    if exported.diagnosis is None:
        yield "Nobody has checked whether it copies training images: `python -m gan_study diagnose` does."
    yield (
        "gan_study itself is under the Apache License 2.0. These weights were learned from the data set named above, "
        "whose own licence and terms, and the rights of people in its images, may restrict what is done with them and "
        "with the images that they make. No licence for them is given here: name one before you pass them on."
    )


def _distribution(training: TrainingConfig) -> str:
    if training.z_distribution == "normal":
        return "each entry from N(0, 1)"
    return "each entry uniform on [-1, 1]"


def _values(exported: Exported) -> dict[str, object]:
    training = exported.config.training
    normal = training.z_distribution == "normal"
    shape = f"64, {training.num_inputs}"
    return {
        "torch_z": f"torch.randn({shape})" if normal else f"torch.rand({shape}) * 2 - 1",
        "numpy_z": f"random.standard_normal(({shape}))" if normal else f"random.uniform(-1, 1, ({shape}))",
    }


_SNIPPETS = {
    "safetensors": """\
import torch  # nothing of gan_study is needed: model.py, which lies beside the weights, builds the network
from model import load_generator

generator = load_generator("generator.safetensors")
torch.manual_seed(0)
images = generator({torch_z})
images_uint8 = images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)  # NCHW in [0, 255]
""",
    "torch_export": """\
import torch  # nothing of gan_study is needed

generator = torch.export.load("generator.pt2").module()
torch.manual_seed(0)
with torch.no_grad():
    images = generator({torch_z})
images_uint8 = images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)  # NCHW in [0, 255]
""",
    "torchscript": """\
import torch  # nothing of gan_study is needed

generator = torch.jit.load("generator.pt")
torch.manual_seed(0)
with torch.no_grad():
    images = generator({torch_z})
images_uint8 = images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)  # NCHW in [0, 255]
""",
    "onnx": """\
import numpy as np
import onnxruntime  # nothing of gan_study or torch is needed

session = onnxruntime.InferenceSession("generator.onnx", providers=["CPUExecutionProvider"])
random = np.random.default_rng(0)
(images,) = session.run(["images"], {{"z": {numpy_z}.astype(np.float32)}})
images_uint8 = ((images + 1) * 127.5).round().clip(0, 255).astype(np.uint8)  # NCHW in [0, 255]
""",
}


def _code(value: object) -> str:
    """A value as code, whatever it holds: Markdown ends code at a backtick, and a table's cell at a bar."""
    text = " ".join(str(value).split()).replace("`", "'").replace("|", "\\|")
    return f"`{text}`"


def _text(value: str) -> str:
    """A sentence without markup of its own."""
    return html.escape(" ".join(value.split()), quote=False).replace("*", "\\*").replace("_", "\\_")
