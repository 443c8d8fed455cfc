"""The study's order of trials: which comes next, and when one is given up."""
