"""The readers of data sets, one file each; `catalogue.py` has them by name."""
