"""Forms of single values of a study, such as pairs, lists of names, schedules of rates, half-lives and lengths."""
