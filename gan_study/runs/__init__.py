"""The on-disk contract: the only meeting point of what writes a run folder and what reads it."""
