"""Text on the terminal while a command runs, and the answer to Ctrl-C."""
