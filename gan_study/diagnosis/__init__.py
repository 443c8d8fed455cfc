"""Findings about a generator and its training, and the verdict on a trial. It trains nothing and reads no files."""
