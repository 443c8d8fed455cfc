"""Silence for the libraries that decode images: their messages name no file, and the caller's messages are better."""

import ctypes
import logging
import re
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

_PILLOWS = ("ignore", None, Warning, re.compile("PIL"), 0)
"""The warning filter for Pillow."""


def silence_decoders() -> None:
    """Keep Pillow's warnings and log, and libtiff's messages, from the terminal of this process.

    They concern metadata, which decides nothing; large images, for which there is a limit; and damage, which also
    raises an error.
    """
    if _PILLOWS not in warnings.filters:  # others may have reset the filters, as pytest does
        warnings.filterwarnings("ignore", module="PIL")
    _silence_logs()


@cache
def _silence_logs() -> None:
    logging.getLogger("PIL").addHandler(logging.NullHandler())  # otherwise Python prints unhandled records
    with suppress(OSError, AttributeError):  # without libtiff, or on another system
        libraries = re.findall(r"\S+/libtiff[^/\s]*\.so\S*", Path("/proc/self/maps").read_text())
        for path in dict.fromkeys(libraries):
            libtiff = ctypes.CDLL(path)
            for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
                function = getattr(libtiff, name)
                function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
                function(None)
