"""Statistics over the trials of a study; no torch."""
