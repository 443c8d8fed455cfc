"""gan_study: compare ways of training GANs as a fair experiment."""

__version__ = "0.1.0"
