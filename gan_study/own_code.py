"""Running the code that a study brings, and finding the user's place in the errors that it raises.

Reading a study or a report runs none of it. A process that builds own networks, trains with an own loss or makes the
images of an own data set loads the code first; `gan_study.gan.parts` and `gan_study.data.sources.own_data` then find
the parts.
"""

import importlib.util
import linecache
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from types import ModuleType
from typing import Any, TypeVar

from gan_study.config.own.parts import CodeFile, code_hashes
from gan_study.errors import InputError, first_line

_T = TypeVar("_T")
_Key = tuple[tuple[str, str], ...]
_LOADED: dict[_Key, ModuleType] = {}
"""The last module of each list of files. It may import those before it."""
_OWN_FILES: set[str] = set()
"""Names of compiled files, as tracebacks give them."""
_LOCK = threading.Lock()


def load_code(code: Sequence[CodeFile], read: Callable[[CodeFile], str]) -> None:
    """Run the files in their order, once in a process; a later one may import an earlier one by its name.

    Args:
        code: the files, as a study or a training records them.
        read: returns the text of a file.

    Raises InputError if a text is not the recorded one, or raises an error.
    """
    with _LOCK:
        hashes = tuple(code_hashes(code).items())
        for number, file in enumerate(code, 1):
            known = _LOADED.get(hashes[:number])
            if known is None:
                text = read(file)
                require_unchanged(file, text)
                known = _LOADED[hashes[:number]] = _run(file, text)
            sys.modules[known.__name__] = known  # the module that later files import


def require_unchanged(file: CodeFile, text: str) -> None:
    """Raise InputError if a text is not the one that was recorded for a file."""
    if sha256(text.encode()).hexdigest() != file.sha256:
        raise InputError(
            f"{file.place or file.file}: a training needs the code that its study began with, but got a changed file; "
            "restore it, or run the changed code as a new study"
        )


def own_object(hashes: Mapping[str, str], name: str) -> Any:
    """The function or class called `name`, such as `my_gans.py:my_loss_generator`; None if there is none.

    hashes: the hash of each file by its name, in the order of the study, at least up to the file that is meant.
    """
    file, _, attribute = name.partition(":")
    key = tuple(hashes.items())[: list(hashes).index(file) + 1]
    assert key in _LOADED, "a process loads a study's code before it uses it"
    return getattr(_LOADED[key], attribute, None)


@contextmanager
def own_errors(what: str) -> Iterator[None]:
    """Turn an error that the user's code raises into an InputError that names its line; others pass."""
    try:
        yield
    except (InputError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        if (place := own_place(error)) is None:
            raise
        raise InputError(f"{place}: {what} raises {type(error).__name__}: {first_line(error)}") from error


def own_place(error: BaseException) -> str | None:
    """The innermost line of the user's code in an error's traceback, as `file:line: in function`; None if none."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in _OWN_FILES]
    return f"{frames[-1].filename}:{frames[-1].lineno}: in {frames[-1].name}" if frames else None


def explain_own_errors(what: str, steps: Iterable[_T]) -> Iterator[_T]:
    """Yield from an iterator, within `own_errors`."""
    with own_errors(what):
        yield from steps


def _run(file: CodeFile, text: str) -> ModuleType:
    stem, place = file.file.removesuffix(".py"), file.place or file.file
    module = ModuleType(stem)
    module.__file__ = place
    if _is_installed(stem):
        raise InputError(
            f"{place}: a file of own code needs a name that no installed package has, but got {stem}; rename it"
        )
    sys.modules[stem] = module
    _OWN_FILES.add(place)
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    try:
        with own_errors("running the file"):
            exec(compile(text, place, "exec"), module.__dict__)  # the user's own code
    except BaseException:
        del sys.modules[stem]
        raise
    return module


def _is_installed(name: str) -> bool:
    """Return True if a module of Python or of an installed package has this name."""
    if getattr(sys.modules.get(name), "__file__", None) in _OWN_FILES:
        return False
    if name == "gan_study":  # which may be imported from a folder of its developers
        return True
    with suppress(ValueError):  # a module that was made by hand
        spec = importlib.util.find_spec(name)
        places = [place for place in map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")) if place]
        return spec is not None and (not spec.has_location or str(spec.origin).startswith(tuple(places)))
    return True
