"""Trials in Ray, on one worker or on several, and their messages to the director."""
