"""The defaults and limits of a search: sampling, stopping, narrowed ranges and populations."""
