"""Draws of the birthday test, and the limits of what they can show."""

MOST_PAIRED = 1000
"""Largest draw, since all pairs of its images are compared."""
LEAST_COLLISIONS = 3
"""Fewer collisions prove no support: none at all has a probability of 5 % if three are expected (rule of three)."""
_MOST_DRAWS = 10


def num_draws(num: int, size: int) -> int:
    """Number of disjoint draws of `size` images from `num` images."""
    return min(_MOST_DRAWS, num // size)


def draws_to_support(size: int, excess: float) -> float:
    """Number of different images if a draw of `size` has `excess` colliding pairs on average."""
    return size * (size - 1) / 2 / excess


def most_support(num: int) -> float:
    """Largest number of different images that the test can measure with `num` images; infinite without a pair."""
    size = min(num, MOST_PAIRED)
    return draws_to_support(size, LEAST_COLLISIONS / num_draws(num, size)) if size > 1 else float("inf")
