"""The quality and variety of a trained generator's images, beside held-out real images in the same number.

Both are held against as many images of the train part, in the features of the study's own extractor: precision and
recall (k = 3), density and coverage (k = 5). `python -m gan_study train` or `run` has trained the generator.

    python -m gan_study train config.yaml --out runs/mine
    python tests/benchmarks/sample_quality.py runs/mine/arms/train/trial [--num 10000]
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gan_study.data.datasets import Dataset, load_dataset
from gan_study.extractors.extractor import Extractor, apply_network
from gan_study.extractors.objective import load_objective
from gan_study.gan.generation import generate_uint8
from gan_study.metrics.prdc import features_to_prdc
from gan_study.metrics.samples import BATCH_SIZE
from gan_study.runs.folder import RunFolder
from gan_study.training.output.snapshot import load_generator
from gan_study.training.randomness import Stream, draw_latents


def features_of(
    extractor: Extractor, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
    """(N, d) features and (N,) classes (None without a classifier) of images NCHW uint8."""
    parts = [
        apply_network(extractor.network, torch.from_numpy(part))
        for part in np.array_split(images, len(images) // 100 or 1)
    ]
    logits = [logit for _, logit in parts if logit is not None]
    classes = torch.cat(logits).argmax(1).numpy() if logits else None
    return torch.cat([features for features, _ in parts]).numpy(), classes


def some(dataset: Dataset, indices: NDArray[np.int64], num: int) -> NDArray[np.uint8]:
    """`num` images of a part, chosen at random."""
    return np.asarray(dataset.images[np.sort(np.random.default_rng(0).choice(indices, num, replace=False))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", type=Path)
    parser.add_argument("--num", type=int, default=10_000)
    options = parser.parse_args()
    arm, name = options.trial.parent.name, options.trial.name
    folder = RunFolder(str(options.trial.parents[2]))
    trial, record = folder.trial(arm, name), folder.read_objective()
    config = trial.read_config()
    assert config is not None, f"{options.trial} has no config.json"
    assert record is not None, f"{folder.storage.location} has no objective"
    dataset = load_dataset(config.training.dataset)
    extractor = load_objective(folder.storage, record, dataset).extractor
    num = min(options.num, len(dataset.held_out_indices))
    generator = load_generator(trial.read_snapshot(trial.snapshot_nimgs()[-1]), config.training, dataset.num_channels)
    latents = draw_latents(config.training, num, Stream.FINAL_SCORES).split(BATCH_SIZE)
    generated = torch.cat([images for images, _ in generate_uint8(generator, latents)]).numpy()
    real, _ = features_of(extractor, some(dataset, dataset.train_indices, num))
    held_out, _ = features_of(extractor, some(dataset, dataset.held_out_indices, num))
    fake, classes = features_of(extractor, generated)
    print(
        f"{dataset.identity}, {extractor.name} features, {num:,} images each; "
        f"{trial.snapshot_nimgs()[-1]:,} images seen"
    )
    ours, control = asdict(features_to_prdc(fake, real)), asdict(features_to_prdc(held_out, real))
    for measure, value in ours.items():
        real_value = control[measure]
        print(f"{measure:10} generated {value:.3f}  held-out real {real_value:.3f}  {value / real_value:.2f} of it")
    class_names = dataset.class_names
    if classes is not None and class_names is not None:
        shares = np.bincount(classes, minlength=len(class_names)) / num
        wanted = np.array(record.real_class_shares)
        told = ", ".join(f"{n} {s / w:.2f}" for n, s, w in zip(class_names, shares, wanted, strict=True))
        print(f"classes, as a multiple of their share among real images: {told}" if len(wanted) <= 100 else "")


if __name__ == "__main__":
    main()
