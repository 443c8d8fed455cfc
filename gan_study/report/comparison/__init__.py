"""The page that shows several finished studies side by side."""
