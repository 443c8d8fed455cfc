"""The last lines of a study on the terminal: who won, how sure that is, and where the report lies."""

import json

from rich.console import Console
from rich.table import Table

from gan_study.runs.folder import RunFolder


def print_outcome(console: Console, folder: RunFolder, report_location: str) -> None:
    """Print the verdict of summary.json, one row for each arm, and the report's place."""
    summary = json.loads(folder.storage.read_text("summary.json"))
    score = summary["score"]
    if score is not None:
        console.print(_arm_table(summary["arms"]))
        published = "" if score["is_published_fid"] else "; not comparable with published FID"
        _say(
            console,
            f"Score: {score['label']}, lower is better{published}. Real images score {score['floor']:.3g}, "
            f"an untrained generator {score['untrained_score']:.4g}.",
        )
    _say(console, summary["verdict"], style="bold")
    _say(console, f"Report: {report_location}")


def _arm_table(arms: dict[str, dict[str, object]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "best search score", "confirmed scores", "smallest class", "trials"):
        table.add_column(name)
    for name, arm in arms.items():
        table.add_row(name, _number(arm["search_score"]), _confirmed(arm), _smallest_class(arm), _states(arm))
    return table


def _confirmed(arm: dict[str, object]) -> str:
    confirmed = arm["confirmed"]
    if not isinstance(confirmed, dict):
        return "-"
    return " ".join(_number(seed["score"]) for seed in confirmed["seeds"])


def _smallest_class(arm: dict[str, object]) -> str:
    shares = arm["class_shares"]
    return f"{shares['smallest']:.1%}" if isinstance(shares, dict) else "-"


def _states(arm: dict[str, object]) -> str:
    states = arm["trials_by_state"]
    assert isinstance(states, dict), "summary.json holds counts by state"
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "-"


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
