"""Parts of a GAN that a study brings as code of its own: their names, and what their signatures say, read without
running them."""
