"""Ray Tune and Optuna: which configuration is trained next, where, and when it is given up."""
