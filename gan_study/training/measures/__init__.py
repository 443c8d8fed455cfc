"""The measurements of a training: scores, signals, losses, and the choice of its best generator."""
