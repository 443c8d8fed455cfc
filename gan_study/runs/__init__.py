"""The files of a run folder: the only interface between the code that writes them and the code that reads them."""
