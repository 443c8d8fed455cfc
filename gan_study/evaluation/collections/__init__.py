"""Collections of images against each other: the arguments of `evaluate`, their features and their scores."""
