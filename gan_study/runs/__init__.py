"""The files of a run folder: the only meeting point of the code that writes them and the code that reads them."""
