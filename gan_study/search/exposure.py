"""Limits on what others can see and reach of the Ray that a study starts: ports and logs."""

from collections.abc import Iterator
from contextlib import contextmanager

from ray._private import ray_constants


@contextmanager
def listening_on_loopback() -> Iterator[None]:
    """Let a Ray that is started inside listen on 127.0.0.1 alone.

    Otherwise all its processes listen on every interface, except for the dashboard. Ray replaces a given 127.0.0.1 by
    the host's address in the network, unless it takes itself for unable to form clusters, as on Windows and macOS.
    """
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def keep_keys_out_of_logs() -> None:
    """Stop Tune from passing AWS's keys on to trials: Ray writes what is passed on to its logs.

    Trials on this machine inherit the environment of the command, and those elsewhere that of the command that has
    started Ray there.
    """
    from ray.tune.execution import class_cache  # takes a second, which Ray's start need not wait for

    passed_on = class_cache.ENV_VARS_TO_PROPAGATE
    passed_on.difference_update([name for name in passed_on if name.startswith("AWS_")])
