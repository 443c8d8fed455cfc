"""The progress messages while a Ray task makes a study's objective."""

from pathlib import Path

import pytest
from support.tiny_study import tiny_folder, tiny_study

from gan_study.search import prepare
from gan_study.search.cluster import connected

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_the_driver_receives_the_progress(ray_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "LOOK_SEC", 0.2)
    # No other test learns from as many images, so the extractor is trained here: 562 steps.
    study = tiny_study(
        dataset={"name": "digits", "image_size": 16, "max_images": 600},
        objective={"extractor": "autoencoder", "num_samples": 200},
        resources={"gpus_per_worker": 0},
    )
    folder = tiny_folder(tmp_path / "run", study)
    messages: list[str] = []
    with connected(ray_address, verbose=False, with_dashboard=False, on_hang=pytest.fail):
        record = prepare.prepare_on_cluster(study, folder, 1, messages.append)
    assert record == folder.read_objective()
    steps = [text for text in messages if text.startswith("preparing: steps of training the extractor: ")]
    assert len(set(steps)) > 1, messages
    assert all(text.partition(",")[0].endswith(" of 562") for text in steps)
    assert set(messages) - set(steps) <= {
        "preparing: the data and the extractor",
        "preparing: the images of digits",
        "preparing: the extractor autoencoder",  # a loaded machine also stays here for long enough
        "preparing: real images through autoencoder: 900 of 900",
    }
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["objective", "study.yaml"]
