"""Checks of a search: signs that it was too narrow, too short, stopped wrongly or led by luck, each with a remedy."""
