"""Ray Tune's part in a study: it runs the director's trials, on the machines that the follower finds.

Ray Tune takes a second to import, so the driver imports this file while a task prepares the study.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ray import tune
from ray.tune.experiment import Trial

from gan_study.config.study import StudyConfig
from gan_study.runs.folder import RunFolder
from gan_study.search.director.director import Director
from gan_study.search.exposure import keep_keys_out_of_logs
from gan_study.search.following import ClusterFollower
from gan_study.search.scratch import scratch_folder
from gan_study.search.trackers.trackers import tracker_callbacks
from gan_study.search.trials.group_trial import GroupTrial
from gan_study.search.trials.one_worker import OneWorkerTrial
from gan_study.search.trials.tune_adapters import DirectorScheduler, DirectorSearcher, DirectorStopper

_UNLIMITED = 10**9
"""Tune's number of samples: the director ends the study before."""


def run_trials(
    director: Director,
    folder: RunFolder,
    study: StudyConfig,
    follower: ClusterFollower,
    verbose: bool,
    on_stage: Callable[[str], None],
) -> None:
    """Let Ray Tune run the director's trials until the study ends."""
    keep_keys_out_of_logs()
    with (
        scratch_folder(folder) as scratch,
        tracker_callbacks(study.trackers, folder, study.name, on_stage) as trackers,
        _trainable(study, scratch, on_stage) as (trainable, callbacks),
    ):
        searcher = DirectorSearcher(director, folder.location)
        tuner = tune.Tuner(
            trainable,
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=DirectorScheduler(searcher),
                num_samples=_UNLIMITED,
                reuse_actors=True,
                trial_name_creator=lambda trial: trial.trial_id,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=scratch,
                stop=DirectorStopper(director),
                failure_config=tune.FailureConfig(max_failures=study.resources.max_retries),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[FollowingCallback(follower, director), *trackers, *callbacks],
                verbose=1 if verbose else 0,
                progress_reporter=tune.CLIReporter(),  # Tune's other one clears the output of a notebook's cell.
            ),
        )
        tuner.fit()


@contextmanager
def _trainable(
    study: StudyConfig, scratch: str, on_stage: Callable[[str], None]
) -> Iterator[tuple[Any, list[tune.Callback]]]:
    """Yield what Tune runs for each trial, with its resources, and the callbacks that it needs."""
    resources = study.resources
    if not resources.needs_groups:
        assert resources.gpus_per_worker != "auto", "auto has been replaced by the cluster's answer"
        bundle = {"CPU": float(resources.cpus_per_worker), "GPU": resources.gpus_per_worker}
        yield tune.with_resources(OneWorkerTrial, tune.PlacementGroupFactory([bundle])), []
        return
    # Imported here because Ray Train imports torch, which takes seconds.
    from gan_study.search.trials.worker_groups import HEAD, worker_groups

    with worker_groups(resources, scratch, on_stage) as groups:
        trainable = tune.with_parameters(GroupTrial, exchange=groups.exchange)
        yield tune.with_resources(trainable, tune.PlacementGroupFactory([HEAD])), [groups]


class FollowingCallback(tune.Callback):
    """Keeps the director's number of open trials up to date, in each of Tune's steps."""

    def __init__(self, follower: ClusterFollower, director: Director) -> None:
        self._follower, self._director = follower, director

    def __getstate__(self) -> dict[str, object]:
        """Return nothing: Ray pickles the callback for a restoration of its own, which is never used."""
        return {}

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Look at the cluster, if it is time."""
        self._director.max_concurrent_trials = self._follower.num_wanted()
