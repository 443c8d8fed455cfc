"""A look at a data set before anything is learned from it."""
