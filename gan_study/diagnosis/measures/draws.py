"""The draws that the birthday test is made with, and how much they can tell."""

MOST_PAIRED = 1000
"""Images among which all pairs are looked at: a draw is no larger."""
LEAST_COLLISIONS = 3
"""Fewer prove no support: even none has a probability of 5 % where three are expected (rule of three)."""
_MOST_DRAWS = 10


def num_draws(num: int, size: int) -> int:
    """Disjoint draws of `size` images that are made of `num` of them."""
    return min(_MOST_DRAWS, num // size)


def draws_to_support(size: int, excess: float) -> float:
    """Number of different images if two of `size` are one `excess` times on average."""
    return size * (size - 1) / 2 / excess


def most_support(num: int) -> float:
    """The largest number of different images that the test can tell from `num` images; infinite without a pair."""
    size = min(num, MOST_PAIRED)
    return draws_to_support(size, LEAST_COLLISIONS / num_draws(num, size)) if size > 1 else float("inf")
