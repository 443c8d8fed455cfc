"""Random numbers depend on seed, stream and images seen, and on nothing else."""

from itertools import product

import numpy as np
import torch

from gan_study.training.randomness import Stream, seeded_generator, stream_seed

NUM = 2000


def numbers(seed: int, stream: Stream, cur_nimg: int = 0) -> torch.Tensor:
    return torch.randn(NUM, generator=seeded_generator(seed, stream, cur_nimg))


def test_seeds_stay_what_they_were() -> None:
    # A changed seed would make a resumed run differ from the one it resumes: these numbers must not change.
    assert {stream.name: stream_seed(0, stream) for stream in Stream} == {
        "WEIGHTS": 2918264622725855778,
        "LATENTS": 8597659618385908031,
        "PENALTY": 3291213472928352369,
        "SAMPLE_GRID": 2494635221133837528,
        "EVALUATION": 6102389744414414618,
        "SIGNALS": 3656545308831359172,
        "DIAGNOSIS": 4625441644015172652,
        "COVERAGE": 71300412144211962,
        "FINAL_SCORES": 5949034261645103510,
        "BEST_SCORE": 7570335421732594259,
        "FLIPS": 1185441883537222340,
        "AUGMENTATION": 6271193188109598843,
        "OWN_PARTS": 1567762815059175855,
    }
    assert stream_seed(7, Stream.LATENTS, 1280) == 7269408695455578094


def test_the_same_arguments_give_the_same_numbers_whatever_came_before() -> None:
    first = numbers(3, Stream.LATENTS, 64)
    torch.manual_seed(99)
    torch.randn(5)
    assert torch.equal(numbers(3, Stream.LATENTS, 64), first)


def test_the_global_random_numbers_are_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    numbers(3, Stream.LATENTS, 64)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_neighbouring_arguments_give_unrelated_numbers() -> None:
    arguments = list(product((0, 1, 100_000), Stream, (0, 32, 64)))
    rows = np.stack([numbers(*a).numpy() for a in arguments])
    correlations = np.corrcoef(rows)[np.triu_indices(len(arguments), k=1)]
    # Of 990 pairs of 2000 independent numbers: deviation 1 / sqrt(2000), and none beyond five of them.
    assert np.abs(correlations).max() < 5 / NUM**0.5
    assert np.abs(correlations.std() * NUM**0.5 - 1) < 0.1


def test_seeds_fit_torch() -> None:
    seeds = [stream_seed(seed, Stream.WEIGHTS, nimg) for seed in (0, 2**31, 2**63) for nimg in (0, 10**9)]
    assert len(set(seeds)) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)
