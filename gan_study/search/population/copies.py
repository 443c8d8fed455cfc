"""Copies of trials: a trial's folder becomes one of its parent's training, with other rates from here on."""

from gan_study.config.training import TrialConfig
from gan_study.config.values.schedule import ScheduleEntry
from gan_study.runs.trial_folder import TrialFolder


def copied_config(child: TrialConfig, parent: TrialConfig, rates: ScheduleEntry) -> TrialConfig:
    """Return the child's configuration as a copy: it keeps its name and takes its parent's training and `rates`."""
    training = parent.training.model_copy(update={"schedule": (*parent.training.schedule, rates)})
    return child.model_copy(update={"training": training, "searched": parent.searched})


def copy_trial(parent: TrialFolder, child: TrialFolder, rates: ScheduleEntry) -> None:
    """Replace the files of a waiting trial by those of its parent. A second call completes one that was cut short."""
    parent_config, child_config = parent.read_config(), child.read_config()
    assert parent_config is not None, "a waiting trial has a config.json"
    assert child_config is not None, "a waiting trial has a config.json"
    nimgs = parent.checkpoint_nimgs()
    samples, snapshots = parent.sample_nimgs(), parent.snapshot_nimgs()
    for cur_nimg in samples:
        child.write_samples(cur_nimg, parent.read_samples(cur_nimg))
    child.keep_samples(set(samples))
    for cur_nimg in snapshots:
        child.write_snapshot(cur_nimg, parent.read_snapshot(cur_nimg))
    child.keep_snapshots(set(snapshots))
    child.write_evaluations(parent.read_evaluations())
    for nimg in nimgs:
        child.add_checkpoint(nimg, parent.read_checkpoint(nimg), set(nimgs))
    child.delete_checkpoints(set(nimgs))
    child.write_config(copied_config(child_config, parent_config, rates))
