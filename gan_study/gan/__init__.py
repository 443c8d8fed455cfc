"""Losses, penalties, networks and latents, as pure functions and modules."""
