"""A run folder whose confirmed trials have generators: untrained ones, each with weights of its own."""

import torch
from safetensors.torch import save

from gan_study.gan.parts import networks_of
from gan_study.runs.folder import RunFolder
from gan_study.runs.trial_folder import TrialFolder
from support.synthetic_run import write_synthetic_run

LAST_NIMG = 40_000


def write_generator_run(location: object) -> RunFolder:
    """The synthetic run, with snapshots of the confirmed trials."""
    folder = write_synthetic_run(str(location))
    for arm in folder.arms():
        for number, name in enumerate(folder.trials(arm)):
            if name.startswith("confirm"):
                write_generator(folder.trial(arm, name), seed=number)
    return folder


def write_generator(trial: TrialFolder, seed: int, cur_nimg: int = LAST_NIMG, gain: float = 8) -> None:
    """A snapshot with the weights of a seed, `gain` times as large as drawn: enough for images that differ."""
    config = trial.read_config()
    assert config is not None
    training = config.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator, _ = networks_of(training, 1, (0.1,) * 10)
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.data.mul_(gain)
    trial.write_snapshot(cur_nimg, save(generator.state_dict()))
