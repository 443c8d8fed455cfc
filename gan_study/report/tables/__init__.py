"""The tables of a report as rows of text."""
