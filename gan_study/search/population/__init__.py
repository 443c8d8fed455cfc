"""Population based training: comparisons, copies and their rates."""
