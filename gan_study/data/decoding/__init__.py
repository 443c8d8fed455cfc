"""Decoding of image files into pixels of one shape."""
