"""The verdicts on three tiny GANs: one trained soundly, one each with a learning rate 100 times as high, as Markdown.

They stand beside the confusion matrix of generators whose verdict is known (verdict_confusion.py) without a claim: what
such a training comes to is not known before it is looked at. GAN_STUDY_DATA names the folder of the data.

    GAN_STUDY_DATA=... python tests/benchmarks/trained_verdicts.py [--total-kimg 150] [--seed 0] [--out FOLDER]
"""

import argparse
import tempfile
import time

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.datasets import load_dataset
from gan_study.evaluation.end_diagnosis import diagnose_trial
from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

G_LR, D_LR = 1e-3, 2e-4
TRAININGS = {
    "sound": {"g_lr": G_LR, "d_lr": D_LR},
    "discriminator's rate x 100": {"g_lr": G_LR, "d_lr": 100 * D_LR},
    "generator's rate x 100": {"g_lr": 100 * G_LR, "d_lr": D_LR},
}
EVALUATIONS = 12


def training_config(rates: dict[str, float], total_kimg: float, seed: int) -> TrainingConfig:
    """A small DCGAN with LSGAN's losses on MNIST."""
    return TrainingConfig.model_validate(
        {
            "dataset": {"name": "mnist", "image_size": 16},
            "network": {"name": "dcgan", "width": 16},
            "loss": "least_squares",
            "objective": {"num_samples": 2000},
            "total_kimg": total_kimg,
            "evaluate_every_kimg": total_kimg / EVALUATIONS,
            "seed": seed,
            **rates,
        }
    )


def row(name: str, rates: dict[str, float], total_kimg: float, seed: int, folder: RunFolder) -> str:
    """Train, diagnose, and tell in a row of a table."""
    training = training_config(rates, total_kimg, seed)
    dataset = load_dataset(training.dataset)
    objective = load_objective(folder.storage, prepare_objective(training, dataset, folder), dataset)
    trial = folder.trial("tiny", name.split()[0].removesuffix("'s"))
    config = TrialConfig(name=name, training=training)
    trial.write_config(config)
    start = time.perf_counter()
    *_, last = train(config, dataset, objective, trial, Workers())
    seconds = time.perf_counter() - start
    diagnosis = diagnose_trial(trial, config, dataset, objective, Workers())
    diagnosis.write(trial)
    scores = [e.score for e in trial.read_evaluations() if e.score is not None]
    verdict = diagnosis.record.verdict
    late = " (late collapse)" if verdict.late_collapse else ""
    coverage = diagnosis.record.diagnostics.coverage
    share = "" if coverage is None or coverage.ratio is None else f"{coverage.ratio:.2f}"
    return (
        f"| {name} | {last.status.state} at {last.status.cur_nimg:,} images, {seconds:.0f} s | {scores[0]:.4g} | "
        f"{min(scores):.4g} | {scores[-1]:.4g} | {share} | {verdict.name}{late}: "
        f"{', '.join(finding.name for finding in verdict.decisive)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--total-kimg", type=float, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="an empty folder that keeps the trainings")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder(options.out or temporary)
        print("| training | end | score at first | best | last | coverage, share of real's | verdict: by |")
        print("|---|---|---:|---:|---:|---:|---|", flush=True)
        for name, rates in TRAININGS.items():
            print(row(name, rates, options.total_kimg, options.seed, folder), flush=True)


if __name__ == "__main__":
    main()
