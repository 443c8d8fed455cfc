"""Known names that are near to an unknown one, and messages that suggest them."""

from collections.abc import Iterable
from difflib import get_close_matches

from gan_study.config.names import ALIASES


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` if `name` is another word for a known name or near to one, and the known names."""
    ordered = sorted(known, key=lambda candidate: (int(candidate) if candidate.isdigit() else 0, candidate))
    near = nearest_name(name, ordered)
    return (f"; did you mean {near!r}?" if near else "") + f" (known: {', '.join(ordered)})"


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is another word for or near to; None if there is none."""
    names = {candidate.lower(): candidate for candidate in known}
    meant = ALIASES.get(name.lower(), "")
    near = [meant] if meant in names else get_close_matches(name.lower(), names, n=1)
    return names[near[0]] if near else None


def no_such(noun: str, name: str, known: Iterable[str]) -> str:
    """A message about an unknown name, such as `No arm called 'lsgn'; did you mean 'lsgan'? (known: lsgan, wgan)`."""
    return f"No {noun} called {name!r}{suggestion(name, known)}"
