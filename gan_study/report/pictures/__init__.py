"""The sample grids and other pictures of a report."""
