"""Named findings about a generator and its training, and the verdict on a trial; trains nothing, reads no file."""
