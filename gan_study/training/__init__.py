"""The training of one GAN: usable without Ray, on one process or many."""
