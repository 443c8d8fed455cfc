"""The verdict on each trial, from its diagnosis if there is one and else from its evaluations."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gan_study.config.training import TrialConfig
from gan_study.diagnosis.evidence import trial_evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.runs.counted_generator import counted_nimg
from gan_study.runs.records.diagnosis import DiagnosisRecord, Verdict, VerdictName
from gan_study.runs.records.measurements import EvaluationRecord, ObjectiveRecord
from gan_study.runs.records.status import TrialState, TrialStatus

NO_SIGN = "no problem seen"
"""Shown in place of `inconclusive` if the images were not measured, since a trial cannot be healthy without that."""
PROCESS_FAILED = "process failed"

FAILURES = frozenset(VerdictName) - {
    VerdictName.HEALTHY,
    VerdictName.INCONCLUSIVE,
    VerdictName.STILL_IMPROVING,
    VerdictName.UNLIKE_REAL_IMAGES,
}
"""Verdicts that name a failure. The others may only mean that a training is unfinished, for example because it was
stopped."""


@dataclass(frozen=True)
class TrialVerdict:
    """The verdict on an ended trial, with its reasons."""

    verdict: Verdict
    is_measured: bool
    """True if its images were measured (diagnosis.json); else the verdict rests on its evaluations alone."""
    state: TrialState
    """State in which the trial ended."""
    diagnosis: DiagnosisRecord | None = None
    """The content of diagnosis.json, if its images were measured."""

    @property
    def word(self) -> str:
        """The verdict for a reader, such as `partial collapse`."""
        if self.state is TrialState.FAILED and self.verdict.name is VerdictName.INCONCLUSIVE:
            return PROCESS_FAILED
        if not self.is_measured and self.verdict.name is VerdictName.INCONCLUSIVE:
            return NO_SIGN
        return self.verdict.name.word

    @property
    def text(self) -> str:
        """The word with the missing classes and the flag, such as `partial collapse (without 7), late collapse`."""
        missing = self.verdict.missing_classes
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        names = f" (without {', '.join(missing[:10])}{more})" if missing else ""
        return self.word + names + (", late collapse" if self.verdict.late_collapse else "")

    @property
    def is_failure(self) -> bool:
        """True if the verdict names a failure, or if the trial diverged or failed."""
        return self.verdict.name in FAILURES or self.state in (TrialState.DIVERGED, TrialState.FAILED)

    @property
    def is_lost(self) -> bool:
        """True if its score is meaningless: the generator collapsed totally, or its images were not finite.

        The score of a generator that is not learning is meaningful: it is close to that of an untrained one.
        """
        return self.verdict.name in (VerdictName.TOTAL_COLLAPSE, VerdictName.DIVERGED)


def trial_verdict(
    config: TrialConfig,
    status: TrialStatus,
    evaluations: Sequence[EvaluationRecord],
    objective: ObjectiveRecord | None,
    diagnosis: DiagnosisRecord | None,
) -> TrialVerdict | None:
    """The verdict on a trial's generator that counts, by the thresholds of its study; None before the trial has ended.

    A diagnosis of another snapshot is ignored.
    """
    if not status.state.is_final:
        return None
    nimg = counted_nimg(evaluations[-1], config.training.objective.at) if evaluations else 0
    if diagnosis is not None and diagnosis.cur_nimg == nimg:
        return TrialVerdict(diagnosis.verdict, True, status.state, diagnosis)
    found = evidence_to_verdict(
        trial_evidence(status, evaluations, objective, cur_nimg=nimg), config.diagnosis.thresholds
    )
    return TrialVerdict(found, False, status.state)


IN_SENTENCES = {
    VerdictName.DIVERGED.word: "diverged",
    VerdictName.NOT_LEARNING.word: "not learning",
    VerdictName.TOTAL_COLLAPSE.word: "with total collapse",
    VerdictName.SHRUNKEN_MODES.word: "with shrunken modes",
    VerdictName.PARTIAL_COLLAPSE.word: "with partial collapse",
    VerdictName.POSSIBLE_MEMORISATION.word: "with possible memorisation",
    VerdictName.DISCRIMINATOR_OVERPOWERING.word: "with an overpowering discriminator",
    VerdictName.OSCILLATING.word: "oscillating",
    VerdictName.UNLIKE_REAL_IMAGES.word: "still unlike real images",
    VerdictName.STILL_IMPROVING.word: "still improving",
    PROCESS_FAILED: "whose process failed",
    VerdictName.INCONCLUSIVE.word: "inconclusive",
    NO_SIGN: "with no sign of failure (images not examined)",
    VerdictName.HEALTHY.word: "healthy",
}
"""Wording of each verdict in a sentence on trainings, by its short form, the worst first."""
WORDS = tuple(IN_SENTENCES)
"""The short forms of all verdicts, the worst first."""


def count_words(verdicts: Iterable[TrialVerdict]) -> dict[str, int]:
    """Number of trials with each verdict, the worst first; verdicts without trials are left out."""
    counts = Counter(found.word for found in verdicts)
    return {word: counts[word] for word in WORDS if counts[word]}


def counts_text(counts: dict[str, int]) -> str:
    """Such as `1 partial collapse, 4 healthy`."""
    return ", ".join(f"{count:,} {word}" for word, count in counts.items())


def arm_sentence(arm: str, counts: dict[str, int]) -> str:
    """Such as `lsgan, 13 trainings: 8 still unlike real images, 5 healthy.`"""
    found = ", ".join(f"{count:,} {IN_SENTENCES[word]}" for word, count in counts.items())
    num = sum(counts.values())
    return f"{arm}, {num:,} training{'' if num == 1 else 's'}: {found}."
