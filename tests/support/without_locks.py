"""Processes whose kernel refuses flock, as it does for files in a network file system without locks.

A filter of system calls (seccomp) returns the error, so what the process sees is the kernel's own answer. It needs no
rights, and holds for all processes that the process starts.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

_CALLS = {"x86_64": (0xC000003E, 73), "aarch64": (0xC00000B7, 32)}
"""By machine: the kernel's number of the architecture, and that of the system call flock."""
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _SKIP_UNLESS_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL_WITH = 0x7FFF0000, 0x00050000


def is_supported() -> bool:
    """True if this machine's numbers are known."""
    return sys.platform == "linux" and platform.machine() in _CALLS


def refuse_flock(error_number: int) -> None:
    """Let every flock of this process fail with this error from now on."""
    architecture, flock = _CALLS[platform.machine()]
    steps = (  # operation, steps to skip if equal, steps to skip if not, value
        (_LOAD, 0, 0, 4),
        (_SKIP_UNLESS_EQUAL, 0, 3, architecture),
        (_LOAD, 0, 0, 0),
        (_SKIP_UNLESS_EQUAL, 0, 1, flock),
        (_RETURN, 0, 0, _FAIL_WITH | error_number),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


if __name__ == "__main__":  # <name of the error> <command>...
    refuse_flock(getattr(errno, sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
