"""Optuna: samplers, pruners, and the file for dashboards."""
