"""A study's way from its file to its report: what the command line and Python share."""
