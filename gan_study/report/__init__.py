"""From a run folder to one HTML file; no torch, ray or optuna."""
