"""Reports as one HTML file, made from run folders; no torch, ray or optuna."""
