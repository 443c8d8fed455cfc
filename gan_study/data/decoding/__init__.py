"""From an encoded image to pixels of one shape."""
