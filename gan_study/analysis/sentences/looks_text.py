"""Sentences on the looks of a confirmation that goes on until it is decided."""

from collections.abc import Sequence

from gan_study.analysis.looks import Look, passed_looks
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import format_p, listed, quantity

_MOST_LOOKS = 6
"""Largest number of looks of which each is named."""


def looks_text(looks: Sequence[int]) -> str:
    """The planned looks in words, such as `tested at 5, 10, 15 and 20 seeds of each, with a level of 5 % in all`."""
    if len(looks) > _MOST_LOOKS:
        places = f"{looks[0]}, {looks[1]} and so on to {looks[-1]}"
    else:
        places = listed([str(look) for look in looks])
    return f"tested at {places} seeds of each, with a level of 5 % for all these looks together"


def looks_note(run: RunData) -> list[str]:
    """A sentence on the seeds that a confirmation took, and on its looks; empty without `confirm.until_decided`."""
    looks, most = passed_looks(run), run.study.confirm.looks[-1]
    if run.study.confirm.until_decided is None or len(run.arms) < 2:
        return []
    if not looks or not looks[-1].is_last:
        so_far = f"So far the arms were {_tested(looks)}. " if looks else ""
        planned = run.study.confirm.looks[len(looks)]
        return [f"{so_far}The next look waits for {quantity(planned, 'seed')} of each arm, of at most {most}."]
    last = looks[-1]
    if last.p is None:
        return [f"Confirmation ended after {quantity(last.seeds, 'seed')}, because there are no two arms to test."]
    took = f"all {most}" if last.seeds == most else f"{last.seeds} of at most {most}"
    end = "The last look decided." if last.is_decided else "None of these looks decided."
    return [f"Confirmation took {took} seeds of each arm. The arms were {_tested(looks)}. {end}"]


def _tested(looks: Sequence[Look]) -> str:
    return f"tested at {listed([f'{look.seeds} seeds ({format_p(look.p)})' for look in looks])}"
