"""Requirements of a study that this machine lacks, found without Ray and reported together with a file's faults."""

import os

from gan_study.config.study import ResourcesConfig, StudyConfig
from gan_study.workflow.data_files import missing_files, missing_weights

_OVERRIDE = "RAY_OVERRIDE_RESOURCES"
"""A variable of Ray, which then trusts the numbers in it."""


def missing_requirements(study: StudyConfig) -> list[str]:
    """The reasons why this machine cannot run a study, a complete line each; empty if there are none.

    GPUs, which Ray counts, and files that can be downloaded are not checked here.
    """
    from gan_study.search.trackers.packages import missing_packages

    return [
        *missing_files(study.dataset),
        *missing_weights(study.objective),
        *missing_cpus(study.resources),
        *missing_packages(study.trackers),
    ]


def missing_cpus(resources: ResourcesConfig) -> list[str]:
    """A line with the numbers if one trial needs more CPUs than this machine has, else nothing."""
    needed, there = resources.min_workers * resources.cpus_per_process, os.cpu_count()
    # Ray never finds more CPUs, but it finds fewer in a container that is limited to some of them.
    if there is None or needed <= there or _OVERRIDE in os.environ:
        return []
    return [
        f"resources: {resources.unit_text} must fit on this machine, but got {needed} CPUs needed "
        f"(workers_per_trial={resources.workers_text}, cpus_per_worker={resources.cpus_per_worker}, "
        f"trials_per_gpu={resources.trials_per_gpu}) with {there} CPUs here; lower these, or join a cluster with "
        "--address"
    ]
