"""The kind of processor of this machine, on which the last digits of a training depend."""

import platform
from contextlib import suppress
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_VECTOR_INSTRUCTIONS = ("avx512f", "avx2", "avx", "asimd")
"""Linux's names for sets of instructions, widest first. Libraries choose their code, and so their rounding, by them."""


def processor_kind(cpuinfo: Path = _CPUINFO) -> str:
    """Return name and widest vector instructions, such as `AMD EPYC 7B13 (avx2)`; without Linux only a name."""
    facts: dict[str, str] = {}
    with suppress(OSError):
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    name = facts.get("model name") or platform.processor() or platform.machine()
    known = (facts.get("flags") or facts.get("Features") or "").split()
    widest = next((each for each in _VECTOR_INSTRUCTIONS if each in known), None)
    return f"{name} ({widest})" if widest else name
