"""Statistics of features, and scores from them, as pure functions."""
