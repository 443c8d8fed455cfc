"""Data sets as uint8 arrays, their splits, and the order in which a training sees the images."""
