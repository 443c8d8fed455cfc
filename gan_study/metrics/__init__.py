"""Features to statistics to score, as pure functions."""
