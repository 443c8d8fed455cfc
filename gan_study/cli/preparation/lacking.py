"""What this machine lacks for a study, as far as that can be told without Ray: told together with a file's faults."""

import os

from gan_study.cli.preparation.data_files import missing_files, missing_weights
from gan_study.config.study import ResourcesConfig, StudyConfig

_OVERRIDE = "RAY_OVERRIDE_RESOURCES"
"""Ray's own variable: with it Ray takes for granted what it says."""


def lacking(study: StudyConfig) -> list[str]:
    """Every reason why this machine cannot run a study, complete lines; empty if only Ray can tell.

    Not told here: GPUs, which Ray counts, and what may be downloaded.
    """
    from gan_study.search.trackers.packages import missing_packages

    return [
        *missing_files(study.dataset),
        *missing_weights(study.objective),
        *_missing_cpus(study.resources),
        *missing_packages(study.trackers),
    ]


def _missing_cpus(resources: ResourcesConfig) -> list[str]:
    needed, there = resources.workers_per_trial * resources.cpus_per_worker, os.cpu_count()
    # Ray never finds more of them, but fewer in a container that may not use all.
    if there is None or needed <= there or _OVERRIDE in os.environ:
        return []
    return [
        f"resources: one trial must fit on this machine, but got {needed} CPUs needed "
        f"(workers_per_trial={resources.workers_per_trial}, cpus_per_worker={resources.cpus_per_worker}) with {there} "
        "CPUs here; lower these, or join a cluster with --address"
    ]
