"""The readers of data sets, one file each; `catalogue.py` lists them by name."""
