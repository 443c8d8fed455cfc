"""The page that compares several finished studies."""
