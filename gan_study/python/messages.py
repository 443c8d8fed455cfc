"""Warnings by Python's own means, which notebooks show and scripts can filter."""

import inspect
import traceback
import warnings
from itertools import takewhile
from pathlib import Path

from gan_study.runs.secrets import without_secrets

_PACKAGE = str(Path(__file__).parents[1])


def warn(text: str) -> None:
    """Give a UserWarning at the user's line that has called gan_study, without passwords in URIs."""
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_stack(inspect.currentframe())]
    num_own = len(files) - len(list(takewhile(lambda file: not file.startswith(_PACKAGE), reversed(files))))
    warnings.warn(without_secrets(text), UserWarning, stacklevel=num_own + 1)
