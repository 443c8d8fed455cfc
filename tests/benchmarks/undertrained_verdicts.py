"""The verdicts on generators that are known to be unfinished: one small GAN per data set on its way, as Markdown.

Each is judged after 5, 20, 50 and 100 % of its training, once with its evaluations up to then, as a trial is judged,
and once by its images alone. The rest of the training decides: a generator is unfinished if the training lowers its
score by a fifth or more after that. A finished one has no right verdict here. GAN_STUDY_DATA names the folder of the
data.

    GAN_STUDY_DATA=... python tests/benchmarks/undertrained_verdicts.py [--dataset letters] [--seed 0] [--out FOLDER]
"""

import argparse
import tempfile
from dataclasses import dataclass
from typing import Any

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.datasets import load_dataset
from gan_study.diagnosis.evidence import Evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.evaluation.end_diagnosis import diagnose_trial
from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import Verdict, VerdictName
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

DCGAN = {"name": "dcgan", "width": 16}
LETTERS = {"name": "image_folder", "path": "letters.zip", "image_size": 16, "channels": 1}
TRAININGS: dict[str, dict[str, Any]] = {
    "mnist": {"dataset": {"name": "mnist", "image_size": 16}, "network": DCGAN, "loss": "least_squares"},
    "letters": {"dataset": LETTERS, "network": {**DCGAN, "spectral_norm": True}, "loss": "hinge"},
    "digits": {"dataset": {"name": "digits", "image_size": 16}, "network": DCGAN, "loss": "non_saturating"},
}
EVALUATIONS = 40
LOOKED_AT = (5, 20, 50, 100)
"""Percent of the training."""
LEAST_FALL = 0.2
WITH_EVALUATIONS = (VerdictName.NOT_LEARNING, VerdictName.STILL_IMPROVING)
BY_IMAGES_ALONE = (VerdictName.UNLIKE_REAL_IMAGES,)


@dataclass(frozen=True)
class Look:
    """A generator on its way."""

    percent: float
    score: float
    verdict: Verdict
    """With the evaluations up to then."""
    by_images: Verdict


def training_config(name: str, total_kimg: float, seed: int) -> TrainingConfig:
    """A small DCGAN that is evaluated forty times."""
    return TrainingConfig.model_validate(
        {
            **TRAININGS[name],
            "objective": {"num_samples": 2000},
            "total_kimg": total_kimg,
            "evaluate_every_kimg": total_kimg / EVALUATIONS,
            "lr": 2e-4,
            "seed": seed,
        }
    )


def look_at_training(name: str, total_kimg: float, seed: int, folder: RunFolder) -> tuple[float, list[Look]]:
    """The untrained score, and each look, with the score at the end in the last."""
    training = training_config(name, total_kimg, seed)
    dataset = load_dataset(training.dataset)
    objective = load_objective(folder.storage, prepare_objective(training, dataset, folder), dataset)
    config, trial = TrialConfig(name="trial", training=training), folder.trial(name, "trial")
    trial.write_config(config)
    looks, wanted = [], list(LOOKED_AT)
    for progress in train(config, dataset, objective, trial, Workers()):
        evaluation = progress.evaluation
        assert evaluation is not None, "the training is sound"
        assert evaluation.score is not None, "the training is sound"
        percent = evaluation.cur_nimg / (10 * total_kimg)
        if wanted and percent >= wanted[0]:
            wanted.pop(0)
            record = diagnose_trial(trial, config, dataset, objective, Workers()).record
            by_images = evidence_to_verdict(Evidence(diagnostics=record.diagnostics), config.diagnosis.thresholds)
            looks.append(Look(percent, evaluation.score, record.verdict, by_images))
    return objective.record.untrained_score, looks


def told(verdict: Verdict) -> str:
    """Such as `still improving: still_falling`."""
    return f"{verdict.name.word}: {', '.join(f.name for f in verdict.decisive if f.fires)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=TRAININGS, action="append")
    parser.add_argument("--total-kimg", type=float, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="an empty folder that keeps the trainings")
    options = parser.parse_args()
    unfinished: list[Look] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.dataset or TRAININGS:
            folder = RunFolder(f"{options.out or temporary}/{name}")
            untrained, looks = look_at_training(name, options.total_kimg, options.seed, folder)
            print(f"\n### {name}, {options.total_kimg:g} kimg, seed {options.seed}; untrained score {untrained:,.4g}\n")
            print("| after | score | is unfinished | with its evaluations: by | by its images alone: by |")
            print("|---:|---:|---|---|---|")
            for look in looks:
                is_unfinished = looks[-1].score <= (1 - LEAST_FALL) * look.score
                unfinished += [look] if is_unfinished else []
                cells = ("yes" if is_unfinished else "", told(look.verdict), told(look.by_images))
                print(f"| {look.percent:.0f} % | {look.score:,.4g} | {' | '.join(cells)} |")
    named = sum(look.verdict.name in WITH_EVALUATIONS for look in unfinished)
    by_images = sum(look.by_images.name in BY_IMAGES_ALONE for look in unfinished)
    print(
        f"\nUnfinished generators named rightly: {named} of {len(unfinished)} with their evaluations, {by_images} by "
        "their images alone."
    )


if __name__ == "__main__":
    main()
