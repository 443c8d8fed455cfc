"""The signatures of the commands: their arguments, options and help."""
