"""Sentences that qualify the verdict on a study, and warnings about missing files."""

from collections.abc import Mapping, Sequence

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import listed, quantity
from gan_study.analysis.trial_verdicts import IN_SENTENCES
from gan_study.config.search.order import chances_in_repeating
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.status import EndPart

EXTENSION_CAUTION = (
    "the study was extended after its results could be seen; p values and intervals do not account for that, and are "
    "too optimistic if these results were the reason"
)


_MOST_NAMED = 10
"""Largest number of damaged trials that are named one by one. The others are counted."""


def damage_warnings(run: RunData) -> tuple[str, ...]:
    """A sentence for each file that is missing from a run folder, with a remedy; empty if the folder is complete."""
    scores = _left_out(
        run.damaged,
        "metrics.jsonl",
        "an ended trial has its scores in this file, but the file is missing, empty or cut short",
    )
    configs = _left_out(run.unreadable, "config.json", "a trial has its configuration there, but the file is missing")
    return (*scores, *configs, *_end_warnings(run), *_checkpoint_warnings(run))


def _left_out(places: Sequence[str], file: str, rule: str) -> list[str]:
    warnings = [
        f"{place}/{file}: {rule}, so the trial is left out of the ranking and of all numbers; copy the file from a "
        "complete copy of the run folder and write the report again"
        for place in places[:_MOST_NAMED]
    ]
    if (further := len(places) - _MOST_NAMED) > 0:
        warnings.append(f"{further:,} more trials are left out, because their {file} is missing or damaged too")
    return warnings


END_PARTS: dict[EndPart, str] = {
    "diagnosis": "diagnosis",
    "interpolation": "picture of images between latents",
    "final_scores": "final scores",
}
"""The parts of a completed trial's end work, as messages name them."""


def _end_warnings(run: RunData) -> tuple[str, ...]:
    """A sentence for each completed trial that lacks a result from after its last step."""
    found = [
        (f"arms/{trial.config.arm}/{trial.name}", END_PARTS[part], reason)
        for trial in run.trials
        for part, reason in trial.status.end_failures.items()
    ]
    warnings = [
        f"{place}: the training is complete and counts, but its {part} could not be made ({reason}); "
        "`python -m gan_study resume` on the run folder tries it again"
        for place, part, reason in found[:_MOST_NAMED]
    ]
    if (further := len(found) - _MOST_NAMED) > 0:
        warnings.append(f"{further:,} more parts of completed trials could not be made either")
    return tuple(warnings)


def _checkpoint_warnings(run: RunData) -> tuple[str, ...]:
    """A sentence on the checkpoints that were found damaged, since the disk or a copy may damage other files too."""
    places = [
        f"arms/{trial.config.arm}/{trial.name} at {nimg:,} images"
        for trial in run.trials
        for nimg in trial.status.damaged_checkpoints
    ]
    if not places:
        return ()
    shown = [*places[:_MOST_NAMED], *([f"{len(places) - _MOST_NAMED:,} more"] if len(places) > _MOST_NAMED else [])]
    return (
        f"{quantity(len(places), 'damaged checkpoint')} found ({listed(shown)}); each trial resumed from the "
        "checkpoint before, or started again, so its results count; check the disk",
    )


def verdict_notes(run: RunData, confirmed: Sequence[ConfirmedArm]) -> tuple[str, ...]:
    """Reasons for caution about the verdict on a run, a sentence each; empty if there are none."""
    caution = [f"{EXTENSION_CAUTION[0].upper()}{EXTENSION_CAUTION[1:]}."] if run.extensions else []
    stop = [f"The study stopped before its end: {run.status.reason}."] if run.status and run.status.reason else []
    chances = chances_in_repeating(run.study)
    again = [f"A second run of this study can give another result ({'; '.join(chances)})."] if chances else []
    return (*stop, *remedy_notes(run, confirmed), *caution, *_lost_process_notes(run), *_decision_notes(run), *again)


def _lost_process_notes(run: RunData) -> tuple[str, ...]:
    """A note on confirmed trainings whose process died, since each of them counts as worst."""
    counts = {arm: sum(trial.has_lost_its_process for trial in run.trials_of_arm(arm, "confirm")) for arm in run.arms}
    lost = [f"{quantity(count, 'confirmed training')} of {arm}" for arm, count in counts.items() if count]
    if not lost:
        return ()
    return (
        f"{listed(lost)} failed because the process died and not by an error of the training. The machine may be "
        "the cause, for example if it ran out of memory, but the failure counts.",
    )


def _decision_notes(run: RunData) -> tuple[str, ...]:
    """Notes on decisions by hand that cut the study short, and their effect on the verdict."""
    decisions = run.decisions
    notes = [
        f"{arm} was given up by hand after {skipped.num_trials} of {skipped.num_planned} trials. It takes part in no "
        "comparison, so it can neither win nor lose."
        for arm, skipped in decisions.skipped.items()
    ]
    if decisions.confirms_now:
        counts = listed([f"{len(run.searched_trials(arm))} trials of {arm}" for arm in run.arms])
        notes.append(f"The search was ended by hand after {counts}.")
    notes += [f"Lowered by hand while the study ran: {change}." for change in decisions.changes]
    if run.study.confirm.until_decided is None and any(c.startswith("confirm.") for c in decisions.changes):
        notes += unequal_seeds_note({arm: len(run.trials_of_arm(arm, "confirm")) for arm in run.arms})
    if notes:
        notes.append("Cutting a study short after seeing its results may favour one of its arms.")
    return tuple(notes)


def unequal_seeds_note(num_confirmed: Mapping[str, int]) -> list[str]:
    """The reason why arms have unequal numbers of confirmed trainings, where these were lowered by hand; empty if the
    numbers are equal.

    num_confirmed: confirmed trainings at the end, by arm.
    """
    if len(set(num_confirmed.values())) < 2:
        return []
    counts = listed([f"{num:,} of {arm}" for arm, num in num_confirmed.items()])
    return [
        f"The arms have unequal numbers of confirmed trainings ({counts}), because those that had begun before the "
        "number was lowered are kept."
    ]


def remedy_notes(run: RunData, confirmed: Sequence[ConfirmedArm]) -> tuple[str, ...]:
    """Advice if more than half of an arm's confirmed trainings are unfinished or do not learn by their verdicts.

    There is one sentence for each such verdict, on all arms concerned.
    """
    length = run.study.budget.length
    change = "try other learning rates, another loss or another network."
    advice = {
        VerdictName.NOT_LEARNING: f"with scores still near that of an untrained generator: {change}",
        VerdictName.UNLIKE_REAL_IMAGES: f"and the scores do not show that longer ones would help: {change}",
        VerdictName.STILL_IMPROVING: "so longer ones may come to another verdict: run a new study with a larger "
        f"budget.{length.unit} (here {length.amount:,.12g}).",
    }
    heads = {name: _head(run, confirmed, name) for name in advice}
    return tuple(f"{head} {IN_SENTENCES[name.word]}, {advice[name]}" for name, head in heads.items() if head)


def _head(run: RunData, confirmed: Sequence[ConfirmedArm], name: VerdictName) -> str:
    """The subject of a sentence on arms where more than half of the trainings have this verdict; empty without any."""
    found = [(arm.arm, _num_with(run, arm, name), len(arm.trials)) for arm in confirmed]
    concerned = [(arm, num, of) for arm, num, of in found if 2 * num > of]
    if not concerned:
        return ""
    if len(concerned) == len(confirmed):
        num, total = (sum(counts) for counts in zip(*((num, of) for _, num, of in concerned), strict=True))
        head = f"{'All' if num == total else f'{num} of'} {total} confirmed trainings are"
        return head if total > 1 else "The confirmed training is"
    head = listed([_trainings(*each) for each in concerned])
    return f"{head[0].upper()}{head[1:]} {'are' if sum(of for _, _, of in concerned) > 1 else 'is'}"


def _trainings(arm: str, num: int, of: int) -> str:
    return f"{num} of {of} confirmed trainings of {arm}" if of > 1 else f"the only confirmed training of {arm}"


def _num_with(run: RunData, arm: ConfirmedArm, name: VerdictName) -> int:
    verdicts = (run.verdict_of(trial) for trial in arm.trials)
    return sum(found is not None and found.verdict.name is name for found in verdicts)
