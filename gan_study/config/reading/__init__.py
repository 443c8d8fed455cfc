"""Study files, settings and trial files as validated values, with every problem at its place."""
