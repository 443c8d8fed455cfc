"""The content of the files in a run folder, as validated values."""
