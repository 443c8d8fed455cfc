"""Warnings by Python's own means, which notebooks show and scripts can filter."""

import warnings

from gan_study.runs.secrets import without_secrets


def warn(text: str) -> None:
    """Give a UserWarning, without passwords in URIs."""
    warnings.warn(without_secrets(text), UserWarning, stacklevel=3)
