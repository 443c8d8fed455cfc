"""A run as a notebook shows it."""

from html import escape

import pandas as pd

from gan_study.analysis.run_data import RunData
from gan_study.analysis.summary import Summary
from gan_study.report.tables.result_tables import score_table


def run_to_html(run: RunData, summary: Summary, state: str) -> str:
    """Return the verdict, the scores of each arm and the notes of the report as HTML."""
    parts = [f"<h4>{escape(run.study.name)} ({state})</h4>", f"<p><strong>{escape(summary.verdict)}</strong></p>"]
    if summary.score is not None:
        table = score_table(run, summary)
        parts.append(pd.DataFrame(table.rows, columns=list(table.columns)).to_html(index=False, border=0))
    parts += [f"<p>{escape(line)}</p>" for line in (*summary.trial_verdicts, *summary.notes)]
    return "\n".join([*parts, f"<p><code>{escape(run.location)}</code></p>"])
