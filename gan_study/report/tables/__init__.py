"""The tables and the protocol of a report, as rows of text."""
