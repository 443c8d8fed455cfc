"""Values and ranges with which every trial of an arm would fail are found before anything starts."""

import pytest

from gan_study.config.reading.load import parse_study
from gan_study.config.rules.check import resource_faults
from gan_study.config.study import ResourcesConfig
from gan_study.errors import InputError

TEXT = """\
name: small
dataset: {name: digits, image_size: SIZE}
budget: {trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}
resources: {RESOURCES}
arms: {only: {ARM}}
search_space: {SPACE}
"""


def text(arm: str, resources: str = "", space: str = "g_lr: {log_uniform: [1e-5, 1e-2]}", size: int = 16) -> str:
    named = "" if "loss" in space else "loss: least_squares, "
    named += "" if "network" in arm or "network.name" in space else "network: dcgan, "
    filled = TEXT.replace("RESOURCES", resources).replace("ARM", named + arm).replace("SPACE", space)
    return filled.replace("SIZE", str(size))


TWO = "workers_per_trial: 2"
SYNCHRONISED = "workers_per_trial: 2, batch_statistics: synchronised"
UP_TO_THREE = "workers_per_trial: {min: 1, max: 3}"
DIVIDE = "must divide into groups of pac images, but got "


@pytest.mark.parametrize(
    ("study", "place", "words"),
    [
        (
            text("batch_size: 20, pac: 4", TWO),
            "arms.only.batch_size",
            "batch_size=20 with workers_per_trial=2 and pac=4",
        ),
        (text("batch_size: 20, pac: 3"), "arms.only.batch_size", f"{DIVIDE}batch_size=20 with pac=3"),
        (text("pac: 3"), "arms.only.pac", f"{DIVIDE}batch_size=64 with pac=3"),
        (text("pac: 3", space="batch_size: {choice: [48, 64]}"), "search_space.batch_size.choice[1]", "batch_size=64"),
        (
            text("", space="batch_size: {choice: [48, 64]}, pac: {choice: [1, 3]}"),
            "choice[1]",
            "batch_size=64 with pac=3",
        ),
        (text("", space="pac: {integer: [1, 4]}"), "search_space.pac.integer", "pac=3; use choice, with values"),
        (
            text("pac: 4", space="batch_size: {integer: [32, 64]}"),
            "batch_size.integer",
            "batch_size=33 with pac=4; use",
        ),
        (
            text("", TWO, "batch_size: {choice: [8, 12]}, pac: {choice: [1, 4]}"),
            "choice[1]",
            "workers_per_trial=2 and pac=4",
        ),
        (
            text("network: infogan, batch_size: 2", TWO, size=28),
            "arms.only.batch_size",
            "two images or more on a worker",
        ),
        (text("network: infogan, batch_size: 8, pac: 8", size=28), "arms.only.batch_size", "two groups of pac images"),
        (text("network: {name: mlp, discriminator_norm: batch}, batch_size: 2", TWO), "batch_size", "two groups"),
        (
            text("network: mlp, batch_size: 2", TWO, "network.discriminator_norm: {choice: [none, batch]}"),
            "arms.only.batch_size",
            "the discriminator of mlp has batch norm of features",
        ),
        (
            text("", UP_TO_THREE),
            "arms.only.network",
            "network=dcgan with network.discriminator_norm=batch, network.g_norm=batch and "
            "resources.batch_statistics=per_rank; use",
        ),
        (
            text("network: {name: mlp, discriminator_norm: batch}", UP_TO_THREE),
            "arms.only.network.discriminator_norm",
            "would change the results, but got network=mlp with network.discriminator_norm=batch",
        ),
        (
            text(
                "network: {name: dcgan, discriminator_norm: none}",
                UP_TO_THREE,
                "network.g_norm: {choice: [none, batch]}",
            ),
            "search_space.network.g_norm.choice[1]",
            "network.discriminator_norm=none, network.g_norm=batch",
        ),
        (
            text("network: {name: mlp, g_norm: batch}, batch_size: 2", TWO),
            "arms.only.batch_size",
            "the generator of mlp has batch norm of features",
        ),
        (
            text("network: mlp, batch_size: 10, pac: 5", UP_TO_THREE),
            "arms.only.batch_size",
            "batch_size=10 with up to workers_per_trial=3 and pac=5; raise batch_size, or lower workers_per_trial.max",
        ),
        (
            text("network: mlp", "workers_per_trial: {min: 4, max: 3}"),
            "resources.workers_per_trial",
            "min must not exceed max, but got min=4 with max=3",
        ),
        (text("network: mlp", "workers_per_trial: {min: 0, max: 3}"), "resources.workers_per_trial.min", "min=0"),
        (
            text("penalty: dragan", SYNCHRONISED),
            "arms.only.penalty",
            "penalty=dragan with network.discriminator_norm=batch",
        ),
        (
            text("penalty: r1", SYNCHRONISED, "network.discriminator_norm: {choice: [layer, batch]}"),
            "search_space.network.discriminator_norm.choice[1]",
            "a gradient penalty is differentiated twice",
        ),
        (
            text("", SYNCHRONISED, "penalty: {choice: [none, dragan]}"),
            "search_space.penalty.choice[1]",
            "penalty=dragan",
        ),
        (text("", "gpus_per_worker: 1.5"), "resources.gpus_per_worker", "gpus_per_worker=1.5; round it"),
        (
            text("", "trials_per_gpu: 4, workers_per_trial: 2"),
            "resources.trials_per_gpu",
            "workers_per_trial=2 with trials_per_gpu=4; set one of them to 1",
        ),
        (
            text("", "trials_per_gpu: 4, gpus_per_worker: 0.25"),
            "resources.gpus_per_worker",
            "share one GPU or none, but got gpus_per_worker=0.25 with trials_per_gpu=4",
        ),
        (
            text("", "trials_per_gpu: 4, max_concurrent_trials: 3"),
            "resources.trials_per_gpu",
            "max_concurrent_trials=3 with trials_per_gpu=4; raise max_concurrent_trials",
        ),
    ],
)
def test_what_no_worker_can_train_is_refused(study: str, place: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(study, "x.yaml")
    (problem,) = caught.value.problems
    assert place in problem.partition(": ")[2], problem
    assert words in problem


@pytest.mark.parametrize(
    "study",
    [
        text("batch_size: 24, pac: 4", TWO),
        text("pac: 3", space="batch_size: {choice: [48, 96]}"),  # the default batch of 64 does not divide
        text("", TWO, "batch_size: {choice: [16, 32]}, pac: {choice: [1, 2, 4]}"),
        text("", space="batch_size: {integer: [32, 64]}"),
        text("batch_size: 2", TWO),  # batch norm of dcgan has pixels enough
        text("network: infogan, batch_size: 2", SYNCHRONISED, size=28),
        text("network: {name: mlp}, batch_size: 2", TWO),
        text("penalty: dragan", TWO),
        text("penalty: wgan_gp", SYNCHRONISED),  # without batch norm, by the paper
        text("penalty: weight_clip", SYNCHRONISED),
        text("penalty: dragan", "batch_statistics: synchronised"),  # of one worker
        text("", "gpus_per_worker: 2"),
        text("", "trials_per_gpu: 4"),
        text("", "trials_per_gpu: 4, gpus_per_worker: 1, max_concurrent_trials: 4"),
        text("", "trials_per_gpu: 4, gpus_per_worker: 0"),
        text("", "trials_per_gpu: auto, workers_per_trial: 2, gpus_per_worker: 1"),
        text("network: mlp, batch_size: 64", UP_TO_THREE),  # the batch need not divide
        text("", f"{UP_TO_THREE}, batch_statistics: synchronised"),
        text("", "workers_per_trial: {min: 2, max: 2}"),  # a fixed number
    ],
)
def test_what_workers_can_train_is_accepted(study: str) -> None:
    parse_study(study, "x.yaml")


def test_synchronised_statistics_without_gpus_show_once_auto_is_known() -> None:
    resources = ResourcesConfig(workers_per_trial=2, batch_statistics="synchronised")
    assert list(resource_faults(resources)) == []
    (fault,) = resource_faults(resources.model_copy(update={"gpus_per_worker": 0.0}))
    assert fault.path == ("resources", "batch_statistics")
