"""Helpers of several test files: synthetic runs, data sets, servers and commands."""
