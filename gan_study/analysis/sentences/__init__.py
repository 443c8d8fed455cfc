"""Sentences and numbers for readers: headline, notes and explanations."""
