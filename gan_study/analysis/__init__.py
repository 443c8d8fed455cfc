"""Statistics over finished trials; no torch."""
