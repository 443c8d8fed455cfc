"""Ctrl-C: one line that says what is left, the exit status 130, and no traceback however often it is pressed."""

import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.command import TRAINING, Running
from support.generator_run import write_generator_run
from support.prepared_objective import Prepared

from gan_study.cli import evaluate as evaluate_verb
from gan_study.cli.main import main
from gan_study.runs.folder import RunFolder
from gan_study.runs.trial_folder import TrialFolder
from gan_study.workflow.interruption import Interruption


@pytest.fixture(autouse=True)
def _handler_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_further_signals_change_nothing_while_the_first_is_answered() -> None:
    ended = []

    def study() -> None:
        with Interruption(ends_process=True):
            try:
                press()
            finally:
                press()
                try:
                    raise OSError("something that comes up while Ray is shut down")
                except OSError:
                    press()
                ended.append("orderly")

    with pytest.raises(KeyboardInterrupt):
        study()
    assert ended == ["orderly"]
    press()  # as while Python exits


def test_an_interruption_that_got_lost_may_come_again() -> None:
    with Interruption(ends_process=True):
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                press()


def test_any_command_says_that_it_was_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate_verb, "evaluate", lambda *arguments: press())
    monkeypatch.setattr(sys, "argv", ["gan_study", "evaluate", "digits", "digits"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.slow
def test_sample_says_what_is_left(tmp_path: Path) -> None:
    run, out = write_generator_run(tmp_path / "tiny"), tmp_path / "out"
    arguments = ("sample", run.location, "--num", 200_000, "--interpolation", "none", "--out", out)
    with Running(tmp_path, *arguments) as command:
        command.wait_until(lambda: (out / "images" / "000200.png").exists())
        status, _ = command.interrupt()
        num = len(list((out / "images").iterdir()))
        assert status == 130
        assert command.err == (
            f"Interrupted; {out} is not complete, it holds grid.png, images ({num:,} files); remove it, or choose "
            "another --out\n"
        )


def has_checkpoint_after(trial: TrialFolder, cur_nimg: int) -> bool:
    return max(trial.checkpoint_nimgs(), default=0) > cur_nimg


@pytest.mark.slow
def test_train_goes_on_as_it_says(prepared: Prepared, tmp_path: Path) -> None:
    config, out = tmp_path / "config.yaml", tmp_path / "out"
    config.write_text(
        TRAINING.replace("total_kimg: 0.1", "total_kimg: 1000").replace("every_kimg: 0.1", "every_kimg: 1")
    )
    trial, known = RunFolder(str(out)).trial("train", "trial"), 0
    for _ in range(2):
        with Running(tmp_path, "train", config, "--out", out, "--device", "cpu") as command:
            command.wait_until(partial(has_checkpoint_after, trial, known))
            # The line on an evaluation is printed a moment after its checkpoint is written.
            command.wait_until(lambda: len(command.out.splitlines()) > 1)
            status, _ = command.interrupt()
            nimg = trial.checkpoint_nimgs()[-1]
            assert status == 130
            assert command.err.splitlines()[-1] == (
                f"Interrupted; the same command goes on from the last checkpoint, at {nimg:,} images"
            )
            if known:
                assert command.out.splitlines()[1].startswith(f"{known + 1000:>10,} images  score")
            known = nimg
