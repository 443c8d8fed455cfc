"""The length, the cost and the description of a study, all known before it runs."""
