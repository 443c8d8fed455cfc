"""Silence for the libraries that decode images: what they say names no file, and whoever decodes one says it better."""

import ctypes
import logging
import re
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

_PILLOWS = ("ignore", None, Warning, re.compile("PIL"), 0)
"""The filter of warnings that is set here."""


def silence_decoders() -> None:
    """Keep Pillow's warnings and log, and libtiff's messages, from the terminal of this process.

    They are of metadata, which decide nothing, of large images, for which there is a limit, and of damage, for which an
    error is raised as well.
    """
    if _PILLOWS not in warnings.filters:  # others may have put the filters back, as pytest does
        warnings.filterwarnings("ignore", module="PIL")
    _silence_logs()


@cache
def _silence_logs() -> None:
    logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what no one handles
    with suppress(OSError, AttributeError):  # without libtiff, or on another system
        libraries = re.findall(r"\S+/libtiff[^/\s]*\.so\S*", Path("/proc/self/maps").read_text())
        for path in dict.fromkeys(libraries):
            libtiff = ctypes.CDLL(path)
            for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
                function = getattr(libtiff, name)
                function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
                function(None)
