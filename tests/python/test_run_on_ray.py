"""`gan_study.run` on a cluster: its news, its end by a callback or Ctrl-C, and how it goes on in another thread."""

import signal
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import ray
from ruamel.yaml import YAML
from support.command import SHORT

import gan_study
from gan_study.runs.folder import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_study_is_ended_and_resumed(tmp_path: Path, ray_address: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A callback ends it after the first trial, Ctrl-C during the preparation, and a thread trains the rest."""
    study: dict[str, Any] = YAML(typ="safe").load(SHORT)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    class EnoughError(Exception):
        pass

    def end_after_a_trial(news: gan_study.Progress) -> None:
        if news.num_ended:
            raise EnoughError(news.message)

    def press(news: gan_study.Progress) -> None:
        if "preparing" in news.message:
            signal.raise_signal(signal.SIGINT)

    def run(callback: Any, resume: bool = True) -> gan_study.Run:
        return gan_study.run(study, tmp_path, callback=callback, resume=resume, address=ray_address)

    with pytest.raises(EnoughError, match="lsgan/search_000: completed at"):
        run(end_after_a_trial, resume=False)
    opened = gan_study.open(tmp_path / "tiny")
    assert (opened.state, list(opened.trials["state"])[:1]) == ("interrupted", ["completed"])
    with pytest.raises(KeyboardInterrupt, match="go on with the same call and resume=True"):
        run(press)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert capfd.readouterr().out == ""

    told: list[gan_study.Progress] = []
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(run, told.append).result()
    assert (found.state, list(found.trials["state"])) == ("completed", ["completed"] * 2)
    assert [(news.trial, news.num_ended, news.num_planned) for news in told if news.trial] == [
        ("wgan/search_000", 2, 2)
    ]
    assert [news.score for news in told if news.trial] == [found.trial("wgan/search_000").score]
    assert told[-1].message == str(told[-1]) == "writing the report"
    assert all(before.elapsed_sec <= after.elapsed_sec for before, after in pairwise(told))
    assert (tmp_path / "tiny/report.html").exists()
    environment = RunFolder(found.location).read_environment()
    assert environment is not None
    call = f"gan_study.run(study, {str(tmp_path)!r}, resume=True, address={ray_address!r})"
    assert (len(environment.earlier), environment.command) == (1, call)
    assert capfd.readouterr().out == ""


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_ray_of_the_users_own_is_left_alone(tmp_path: Path, ray_address: str) -> None:
    study: dict[str, Any] = YAML(typ="safe").load(SHORT)
    with ray.init(address=ray_address, log_to_driver=False):
        with pytest.raises(gan_study.InputError, match="a process that is connected already; call ray"):
            gan_study.run(study, tmp_path, address=ray_address)
        assert ray.is_initialized()
    assert list(tmp_path.iterdir()) == []
