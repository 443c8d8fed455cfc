"""The files that a training writes: checkpoints, snapshots, sample grids and its status."""
