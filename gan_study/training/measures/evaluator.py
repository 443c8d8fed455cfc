"""The evaluation stage of a training: measure the generator, write the results, and decide how the training
continues."""

import time
from dataclasses import dataclass

from gan_study.config.training import TrialConfig
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.measures.end import measure_end
from gan_study.training.measures.means import LossMeans
from gan_study.training.measures.scores import EvaluationScores, MeasureCoverage, Scorer, score_generator
from gan_study.training.measures.signals import Probe, first_images, measure_signals
from gan_study.training.output.checkpoints import read_end, write_images, write_progress
from gan_study.training.output.status import ended_status
from gan_study.training.progress import Progress
from gan_study.training.randomness import seed_own_parts
from gan_study.training.rollback import answer_collapse
from gan_study.training.state import TrainingState


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Evaluates one training. Its fields are the arguments of `training/loop.py`'s `train`."""

    config: TrialConfig
    scorer: Scorer
    folder: TrialFolder
    workers: Workers
    measure_coverage: MeasureCoverage | None
    probe: Probe

    def evaluate(
        self,
        state: TrainingState,
        status: TrialStatus,
        evaluations: list[EvaluationRecord],
        means: LossMeans,
        is_end: bool,
    ) -> Progress:
        """Measure the generator, append the record to `evaluations`, and write images, metrics and checkpoint.

        A collapse may end the training or bring `state` back to an earlier one (`training/rollback.py`). If the study
        has ended the trial meanwhile, nothing is written, and the progress holds that end. Collective.

        Args:
            state: the training as it is now; the seconds are added to its counters.
            status: the trial's status before the evaluation.
            evaluations: the trial's evaluations so far.
            means: the losses since the last evaluation.
            is_end: whether the training has reached its length.
        """
        config, folder, workers = self.config, self.folder, self.workers
        start, counters = time.perf_counter(), state.counters
        seed_own_parts(config.training, counters.cur_nimg, workers.rank)
        with first_images(state.g_ema) as images:
            scores = self._score(state, is_end)
        losses = means.reduce(workers, config.training.num_stacks)
        signals = measure_signals(state, self.probe, images, config.training, workers)
        # Added before the checkpoint is written, from which a resumed training continues.
        counters.add_evaluate_sec(time.perf_counter() - start, workers)
        start = time.perf_counter()
        evaluations.append(
            EvaluationRecord(
                **vars(counters), **vars(scores), losses=losses, signals=signals, num_workers=workers.world_size
            )
        )
        # The study may have ended the trial while several workers trained on. Its files then stay as they are.
        if (end := workers.from_first_rank(lambda: read_end(folder))) is not None:
            return Progress(end, None)
        workers.on_first_rank(lambda: write_images(state, folder, config.training))
        if is_end:
            evaluations[-1] = measure_end(
                config, state, evaluations, folder, self.scorer, workers, self.measure_coverage
            )
            status = ended_status(status, TrialState.COMPLETED, counters.cur_nimg)
        else:
            status = answer_collapse(config, state, status, evaluations, folder, workers)
        workers.on_first_rank(lambda: write_progress(state, status, evaluations, folder))
        counters.add_evaluate_sec(time.perf_counter() - start, workers)
        return Progress(status, evaluations[-1])

    def _score(self, state: TrainingState, is_end: bool) -> EvaluationScores:
        # Each rank has its own running statistics of batch norm until they are used, here and in the checkpoint.
        for network in (state.generator, state.discriminator, state.g_ema, *state.further_emas.values()):
            self.workers.average_buffers_(network)
        return score_generator(state.g_ema, self.scorer, self.config.training, self.workers, is_end)
