"""Comparison of several finished studies."""
