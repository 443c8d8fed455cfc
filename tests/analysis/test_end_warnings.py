"""Warnings about results that could not be made after the end of a training, which still counts."""

from pathlib import Path

from support.present import present
from support.synthetic_run import write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.notes import damage_warnings
from gan_study.analysis.summary import summarise
from gan_study.runs.records.status import TrialState
from gan_study.workflow.run_folder import is_completed


def test_what_is_missing_after_the_end_is_said(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    trial = folder.trial("lsgan", folder.trials("lsgan")[0])
    status = trial.read_status()
    assert status is not None
    before = summarise(load_run(folder))
    assert before.warnings == ()
    assert is_completed(folder)
    failures = {"diagnosis": "MemoryError", "final_scores": "its process died: out of memory"}
    trial.write_status(status.model_copy(update={"end_failures": failures}))
    assert not is_completed(folder)  # or `resume` would not try again
    after = summarise(load_run(folder))
    place = f"arms/lsgan/{present(trial.read_config()).name}"
    assert after.warnings == (
        f"{place}: the training is complete and counts, but its diagnosis could not be made (MemoryError); "
        "`python -m gan_study resume` on the run folder tries it again",
        f"{place}: the training is complete and counts, but its final scores could not be made (its process died: out "
        "of memory); `python -m gan_study resume` on the run folder tries it again",
    )
    assert (after.verdict, after.winner) == (before.verdict, before.winner)
    for number in range(12):
        trial = folder.trial("wgan", folder.trials("wgan")[number % 9])
        status = present(trial.read_status())
        trial.write_status(
            status.model_copy(update={"end_failures": {"diagnosis": "MemoryError", "interpolation": "E"}})
        )
    assert len(damage_warnings(load_run(folder))) == 11
    assert damage_warnings(load_run(folder))[-1] == "10 more parts of completed trials could not be made either"


def test_damaged_checkpoints_are_told(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    for name in folder.trials("wgan")[:2]:
        trial = folder.trial("wgan", name)
        status = present(trial.read_status())
        trial.write_status(status.model_copy(update={"damaged_checkpoints": (4_000,)}))
    first, second = folder.trials("wgan")[:2]
    assert damage_warnings(load_run(folder)) == (
        f"2 damaged checkpoints found (arms/wgan/{first} at 4,000 images and arms/wgan/{second} at 4,000 images); each "
        "trial resumed from the checkpoint before, or started again, so its results count; check the disk",
    )


def test_an_arm_that_was_written_into_the_file_is_trained(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    folder.write_study_text(folder.read_study_text().replace("arms:", "arms:\n  new: {network: dcgan, loss: hinge}"))
    assert not is_completed(folder)


def test_a_process_that_died_is_told_from_a_training_that_failed(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    confirmed = [name for name in folder.trials("wgan") if name.startswith("confirm")]
    for name, reason in zip(confirmed, ("its process died: killed", "ValueError: no"), strict=False):
        trial = folder.trial("wgan", name)
        status = trial.read_status()
        assert status is not None
        trial.write_status(status.model_copy(update={"state": TrialState.FAILED, "reason": reason}))
    assert (
        "1 confirmed training of wgan failed because the process died and not by an error of the training. The machine "
        "may be the cause, for example if it ran out of memory, but the failure counts."
    ) in summarise(load_run(folder)).notes
