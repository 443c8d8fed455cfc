"""Studies and their results as Python objects, for notebooks and scripts; `gan_study` itself has the public names."""
