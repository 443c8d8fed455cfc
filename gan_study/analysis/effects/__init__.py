"""Effects of the searched values: the way from the paper's defaults to the best configuration, and each value's own."""
