"""The measures behind the findings, as pure functions."""
