"""From a study to its arms: their hyperparameters, and the trainings that they lead to."""
