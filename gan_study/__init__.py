"""gan_study: compare ways of training GANs as a fair experiment."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_study.errors import AllTrialsFailedError, GanStudyError, InputError, StorageError
    from gan_study.python.run import Run, open
    from gan_study.python.running import run
    from gan_study.python.trial import Diagnosis, Trial
    from gan_study.workflow.progress import Progress

__version__ = "0.1.0"

__all__ = [
    "AllTrialsFailedError",
    "Diagnosis",
    "GanStudyError",
    "InputError",
    "Progress",
    "Run",
    "StorageError",
    "Trial",
    "open",
    "run",
]

_HOMES = {
    "AllTrialsFailedError": "errors",
    "Diagnosis": "python.trial",
    "GanStudyError": "errors",
    "InputError": "errors",
    "Progress": "workflow.progress",
    "Run": "python.run",
    "StorageError": "errors",
    "Trial": "python.trial",
    "open": "python.run",
    "run": "python.running",
}
"""The module of each public name. It is imported when the name is used, so that `import gan_study` takes no time."""


if not TYPE_CHECKING:  # To a type checker it would mean that there are all names.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
