"""A check that something listens at the address of a Ray cluster."""

import socket

from gan_study.errors import InputError

_TIMEOUT_SEC = 10.0


def require_reachable(address: str) -> None:
    """Raise InputError if nothing listens at `host:port` or `ray://host:port`, where Ray itself would try for minutes.

    Words such as `auto` are not checked.
    """
    host, mark, port = address.removeprefix("ray://").rpartition(":")
    if not mark:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _TIMEOUT_SEC).close()
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"--address: a Ray cluster must be running there, but got address={address} ({error}); "
            "start one with `ray up cluster.yaml`, or leave --address out"
        ) from error
