"""The confusion matrix of verdicts over generators whose verdict is known, on MNIST and on letters, as Markdown.

The cases, and the verdict that each deserves, are in tests/support/constructed_verdicts.py. Thresholds are the
defaults, or those given with `--threshold`; they may be fixed with `--dataset mnist --first-seed 0`, never by what the
other seeds and the letters say. `inconclusive` counts as wrong on both sides. GAN_STUDY_DATA names the folder of the
data.

    GAN_STUDY_DATA=... python tests/benchmarks/verdict_confusion.py [--first-seed 100] [--seeds 5] [--details]
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from support.constructed_verdicts import CASES, NOT_FAILURES, Case, make_material, score
from support.present import present

from gan_study.config.data import DatasetConfig
from gan_study.config.thresholds import Thresholds
from gan_study.data.datasets import load_dataset
from gan_study.diagnosis.diagnose import ImageSet
from gan_study.diagnosis.measures.modes import confusion_matrix
from gan_study.extractors.extractor import apply_network
from gan_study.extractors.loading import load_or_train_extractor
from gan_study.runs.records.diagnosis import Diagnostics, MeasureWithControl, Verdict, VerdictName

# Letters hold 40 % out instead of 10 %, so that there are fresh images beside the controls.
DATASETS = {
    "mnist": ({"name": "mnist", "image_size": 32}, 2000, 40_000),
    "letters": (
        {"name": "image_folder", "path": "letters.zip", "image_size": 32, "channels": 1, "held_out_share": 0.4},
        500,
        4000,
    ),
    "digits": ({"name": "digits", "image_size": 16}, 100, 1000),
}
"""By name: the data set, the number of images in each measure, and of those learned."""
SCORED = ("mnist", "letters")
"""Those of the matrix. Digits hold 300 images out, so that none of their generators can be called healthy: ask for them
by name."""


@dataclass(frozen=True)
class Score:
    """One draw of one case."""

    case: Case
    verdict: Verdict
    diagnostics: Diagnostics


def score_dataset(name: str, seeds: range, thresholds: Thresholds) -> list[Score]:
    """Every case with every seed."""
    config, num, num_learned = DATASETS[name]
    dataset = load_dataset(DatasetConfig.model_validate(config))
    extractor = load_or_train_extractor("domain_classifier", dataset)

    def look(images: np.ndarray) -> ImageSet:
        seen = [apply_network(extractor.network, part) for part in torch.from_numpy(images).split(100)]
        labels = torch.cat([logits.argmax(1) for _, logits in seen if logits is not None])
        return ImageSet(torch.cat([features for features, _ in seen]).numpy(), images, labels.numpy())

    start = time.perf_counter()
    every = look(np.asarray(dataset.images))
    held_out = dataset.held_out_indices
    confusion = confusion_matrix(
        present(dataset.labels)[held_out], present(every.labels)[held_out], len(present(dataset.class_names))
    )
    print(
        f"\n### {name}: {num:,} images in each measure, {num_learned:,} learned; the classifier is right for "
        f"{extractor.accuracy:.2%} of held-out ones; seeds {seeds[0]} to {seeds[-1]}\n"
    )
    scores = []
    for seed in seeds:
        material = make_material(dataset, every, look, num, num_learned, confusion, seed)
        for number, case in enumerate(CASES):
            scores.append(Score(case, *score(case, material, 1000 * seed + number, thresholds)))
            print(f"{name}, seed {seed}, {case.name}: {scores[-1].verdict.name}", file=sys.stderr)
    print(f"{time.perf_counter() - start:.0f} s\n", file=sys.stderr)
    return scores


def matrix(scores: list[Score]) -> str:
    """One row for each case, one column for each verdict that any of them got."""
    columns = [v for v in VerdictName if any(v in (s.verdict.name, s.case.expected) for s in scores)]
    lines = ["| case | to be called | " + " | ".join(columns) + " |", "|---|---|" + "---:|" * len(columns)]
    for case in dict.fromkeys(s.case for s in scores):
        found = Counter(s.verdict.name for s in scores if s.case is case)
        cells = (f"**{found[v]}**" if v is case.expected else str(found[v] or "") for v in columns)
        lines.append(f"| {case.name} | {case.expected} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summary(scores: list[Score]) -> str:
    """The two figures asked for."""
    failures, sound = ([s for s in scores if s.case.is_failure is wanted] for wanted in (True, False))
    named = sum(s.verdict.name is s.case.expected for s in failures)
    seen = sum(s.verdict.name not in NOT_FAILURES for s in failures)
    false_alarms = sum(s.verdict.name not in NOT_FAILURES for s in sound)
    open_ = sum(s.verdict.name is VerdictName.INCONCLUSIVE for s in sound)
    return (
        f"Failures named rightly: {named} of {len(failures)} ({named / len(failures):.1%}; asked for: 95 %); seen as "
        f"some failure: {seen}. Healthy ones called a failure: {false_alarms} of {len(sound)} (asked for: 0); "
        f"inconclusive: {open_}."
    )


def details(scores: list[Score]) -> str:
    """The measures of every draw, value over control, for whoever fixes thresholds."""
    lines = []
    for s in scores:
        measured = {k: v for k, v in s.diagnostics if isinstance(v, MeasureWithControl)}
        values = ", ".join(f"{k} {v.value:.3g}/{v.control:.3g}" for k, v in measured.items())
        missing = s.diagnostics.classes.missing if s.diagnostics.classes else ()
        lines.append(f"{s.case.name}: {s.verdict.name}; missing {missing}; {values}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=DATASETS, action="append")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threshold", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--details", action="store_true")
    options = parser.parse_args()
    thresholds = Thresholds.model_validate(dict(pair.split("=") for pair in options.threshold))
    scores = []
    for name in options.dataset or SCORED:
        found = score_dataset(name, range(options.first_seed, options.first_seed + options.seeds), thresholds)
        print(matrix(found), summary(found), sep="\n\n")
        if options.details:
            print("", details(found), sep="\n")
        scores += found
    print(f"\n### all\n\n{summary(scores)}")


if __name__ == "__main__":
    main()
