"""Several finished studies held against each other."""
