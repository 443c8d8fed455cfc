"""What several test files share: made-up runs, data sets, servers and commands."""
