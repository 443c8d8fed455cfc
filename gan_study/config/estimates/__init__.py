"""Estimates of the time of trainings, of scores and of a whole study."""
