"""The search of a study with Ray Tune and Optuna: it draws configurations, runs trials and stops them."""
