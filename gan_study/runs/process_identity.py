"""The identity of a process, by which another command can see whether it still lives."""

import os
import socket
import uuid
from functools import cache
from pathlib import Path

import psutil


def process_identity(pid: int) -> str | None:
    """Return a text that only this process of this machine has; None if there is none, or if it hides its start."""
    start = _start_of(pid)
    return None if start is None else f"{_process_space()} {start}"


def process_lives(host: str | None, pid: int, identity: str | None) -> bool | None:
    """Return True if a process lives, False if it has ended, None if this process cannot see it.

    Several machines may have one name, as containers may, and several processes one number, one after the other or in
    containers. identity: from `process_identity`; None in files of older versions, where only the name is compared.
    """
    if host != socket.gethostname() or (identity is not None and not identity.startswith(f"{_process_space()} ")):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        if identity is None:  # Another user's process has this number, maybe a later one.
            return None
    return identity is None or process_identity(pid) in (identity, None)


@cache
def _process_space() -> str:
    """On Linux this boot of the machine and the namespace of its process numbers; elsewhere the machine alone."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{uuid.getnode():x}"


def _start_of(pid: int) -> str | None:
    try:  # On Linux in ticks since the boot, which do not change if the clock is set.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        pass
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
