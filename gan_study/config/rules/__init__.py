"""The rules that a study must keep beyond the types of its values."""
