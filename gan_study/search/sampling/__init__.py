"""Optuna: the samplers, the pruners and the file that a dashboard reads."""
