"""The progress of a trial that begins anew after its process has died."""

from itertools import islice

import pytest
from support.prepared_objective import Prepared
from support.tiny_training import tiny_trial

from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers


@pytest.mark.parametrize(("num_made", "given"), [(0, [0, 80, 160, 200]), (2, [80, 160, 200]), (4, [200])])
def test_a_trial_that_resumes_gives_its_last_evaluation_again(
    num_made: int, given: list[int], prepared: Prepared
) -> None:
    """A process may die after it has written an evaluation and before the study has received it."""
    config = tiny_trial().model_copy(update={"name": f"resumed_after_{num_made}"})
    order = TrialOrder(config, prepared.folder.location)
    died = begin_trial(order, Workers())
    made = [progress.evaluation for progress in islice(died, num_made)]
    died.close()
    again = [progress.evaluation for progress in begin_trial(order, Workers())]
    assert [e.cur_nimg for e in again if e is not None] == given
    assert again[:1] == made[-1:] or not made
