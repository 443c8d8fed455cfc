"""The rules by which a study opens, stops and ends its trials, without Ray."""
