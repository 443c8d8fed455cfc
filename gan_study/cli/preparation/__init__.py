"""The checks of a command before its work, and the files that it fetches."""
