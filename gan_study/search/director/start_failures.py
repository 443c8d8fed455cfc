"""Trials in a row that fail alike before they have trained: the machine, not a configuration, is then at fault."""

import re
from collections.abc import Iterator, Sequence

from gan_study.analysis.sentences.number_text import listed

_OF_THE_MACHINE = re.compile(
    r"gloo|nccl|process ?group|connectFullMesh|connection (refused|reset|closed|timed out)|TCPStore|no route to host"
    r"|Dist(Network|Backend|Store)Error|worker group|placement group|(Unschedulable|Unavailable|RuntimeEnvSetup)Error"
    r"|nvidia driver|CUDA driver|no CUDA|CUDA-capable|no GPU|device\(s\) is/are busy"
    r"|ImportError|ModuleNotFoundError|shared object file"
    r"|no space left|quota exceeded|read-only file system|permission denied|too many open files",
    re.IGNORECASE,
)
"""Reasons that no configuration causes. Memory is not among them: a large batch may have used it up."""
_VARYING = re.compile(r"\S*/\S*|\w*\d\w*")
"""Paths, and words with digits: addresses, ports, process ids, sizes and names of trials."""


class StartFailures:
    """The latest failures, as long as all have the same reason and no trial has trained since the first of them.

    While no trial of a study has trained, two such failures are shared: if two arms fail alike, a configuration is
    hardly at fault, and if one is, a new study loses nothing. Once a trial has trained, configurations with too large a
    batch can fail alike by chance, again and again. So only reasons that no configuration causes count then, and three
    in a row, since a single machine may have failed twice.
    """

    def __init__(self, num_arms: int, has_trained: bool) -> None:
        """num_arms: arms that take part; has_trained: whether a trial of the run folder has trained before."""
        self._num_arms = num_arms
        self._has_trained = has_trained
        self._trained: set[tuple[str, str]] = set()
        self._row: dict[tuple[str, str], str] = {}

    def __len__(self) -> int:
        return len(self._row)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The trials in the row, by (arm, name), the first to fail first."""
        return list(self._row)

    @property
    def are_shared(self) -> bool:
        """True if these failures show that no trial can train."""
        if self._has_trained:
            return len(self._row) >= 3
        return len(self._row) >= 2 and len({arm for arm, _ in self._row}) >= min(2, self._num_arms)

    def may_count(self, key: tuple[str, str], reason: str) -> bool:
        """Return True if a trial's failure may be shared: it has not trained in this run."""
        return key not in self._trained and (not self._has_trained or bool(_OF_THE_MACHINE.search(reason)))

    def continues(self, reason: str) -> bool:
        """Return True if a reason is the same as that of the row, apart from numbers, addresses and paths."""
        return all(_VARYING.sub("#", reason) == _VARYING.sub("#", known) for known in self._row.values())

    def add(self, key: tuple[str, str], reason: str) -> None:
        """Add a failure that continues the row."""
        self._row[key] = reason

    def note_training(self, key: tuple[str, str]) -> None:
        """Note that a trial has trained: its own later failure cannot be shared."""
        self._trained.add(key)
        self._has_trained = True

    def take_all(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Yield the row's trials with their reasons, and empty the row."""
        row, self._row = self._row, {}
        yield from row.items()


def shared_failure_text(location: str, keys: Sequence[tuple[str, str]], reason: str) -> str:
    """Return the message that ends a study whose trials all fail alike.

    Args:
        location: the run folder.
        keys: the trials that have failed, by (arm, name).
        reason: the reason of the last one.
    """
    names = listed(["/".join(key) for key in keys])
    return (
        f"{location}: trials must be able to train, but got the same failure from {names} before they had trained: "
        f"{reason}; remove the cause, then run `gan_study resume` on the run folder. It starts these trials anew, and "
        "no arm is charged for them"
    )
