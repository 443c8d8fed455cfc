"""The output of `evaluate` fits beside other text, in a pipe too, and no line ends within a class's shares."""

import io

import numpy as np
import pytest
from rich.console import Console

from gan_study.cli.evaluate_text import print_evaluation
from gan_study.evaluation.collections.evaluation import Collection, Evaluation
from gan_study.metrics.all_scores import features_to_side, sides_to_scores


def evaluation(num_classes: int) -> Evaluation:
    """Scores of noise, whose first class is twice as frequent among the generated images."""
    random = np.random.default_rng(0)
    sides = []
    for first in (2.0, 1.0):
        weights = np.array([first] + [1.0] * (num_classes - 1))
        chances = random.dirichlet(weights, size=200)
        sides.append(features_to_side(random.normal(size=(200, 4)), chances, "noise"))
    side = Collection("noise", "images", 200, "none")
    return Evaluation(
        label="FD[noise]",
        is_published_fid=False,
        key=None,
        generated=side,
        reference=side,
        extractor_accuracy=None,
        reconstruction_error=None,
        class_names=tuple(f"kind {number}" for number in range(num_classes)),
        scores=sides_to_scores(sides[0], sides[1], draws=[sides[0].gaussian, sides[1].gaussian], seed=0),
        notes=(),
    )


@pytest.mark.parametrize(("columns", "most"), [(200, 120), (90, 90)])
@pytest.mark.parametrize(("num_classes", "head"), [(10, "each class"), (30, "the classes that differ most")])
def test_the_table_and_the_shares_of_classes_are_of_a_width_that_can_be_read(
    columns: int, most: int, num_classes: int, head: str
) -> None:
    out = io.StringIO()
    print_evaluation(Console(file=out, width=columns), evaluation(num_classes))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= most
    assert sum(line.startswith("FD, mean of draws") for line in lines) == 2, "a row of the table and its explanation"
    assert "FD: real against real is what as many images of a perfect generator" in out.getvalue()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"Share of {head} (real): kind "))
    shares = lines[start:]
    assert len(shares) > 1
    assert all(line.endswith("%),") for line in shares[:-1])
    assert [line[:6] for line in shares[1:]] == ["  kind"] * (len(shares) - 1)
    assert sum(line.count("kind ") for line in shares) == 10
