"""Items of the protocol on extensions of a study after it had been run."""

from datetime import UTC, datetime

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.notes import EXTENSION_CAUTION
from gan_study.analysis.sentences.number_text import quantity


def extension_items(run: RunData) -> list[tuple[str, str]]:
    """Terms and texts on the extensions; empty for a study that was never extended."""
    if not run.extensions:
        return []
    items = []
    for number, extension in enumerate(run.extensions, start=1):
        asked = datetime.fromtimestamp(extension.time, UTC).strftime("%Y-%m-%d %H:%M UTC")
        changed = f"; also different: {'; '.join(extension.changes)}" if extension.changes else ""
        text = (
            f"{asked}, after {quantity(extension.num_trials, 'trial')} had ended: {'; '.join(extension.additions)}"
            f"{changed} (before: {extension.former_study})"
        )
        items.append((f"Extension {number}" if len(run.extensions) > 1 else "Extension", text))
    superseded = [_superseded(arm) for arm in confirmed_arms(run).values() if arm.superseded]
    return [*items, ("Extended study", "; ".join([EXTENSION_CAUTION, *superseded]))]


def _superseded(arm: ConfirmedArm) -> str:
    former = sorted({t.config.source or "" for t in arm.superseded})
    return (
        f"{arm.arm}: {', '.join(former)} was confirmed before but is no longer among the search's best; its seeds are "
        f"shown but do not count, and {arm.source} represents the arm"
    )
