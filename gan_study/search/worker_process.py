"""The start of each worker process of a study, before its work. This file imports little, since each pays for it."""

import os

import ray

from gan_study.runs.outage import expect_answers
from gan_study.search.network_interface import choose_network_interface


def prepare_worker_process() -> None:
    """Prepare a worker process for the study; Ray calls this at its start."""
    expect_answers()  # of an object store, because the driver has reached it before
    # Ray Train frees the resources of a stopped trial from a separate process, which searches for its cluster and fails
    # if several run on one machine.
    os.environ["RAY_ADDRESS"] = ray.get_runtime_context().gcs_address
    choose_network_interface(ray.util.get_node_ip_address())
