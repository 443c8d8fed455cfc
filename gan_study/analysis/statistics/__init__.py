"""Statistics over the scores of trials and seeds."""
