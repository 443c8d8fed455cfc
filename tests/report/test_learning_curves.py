"""Learning curves of one arm's trials, by value."""

from pathlib import Path
from typing import Any

import pytest
from support.synthetic_run import ALL_FAILED, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.report.figures.learning_curves import SignalCurve, SignalPanel, signal_panels
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import SignalsRecord


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_synthetic_run(str(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def panels(folder: RunFolder) -> tuple[SignalPanel, ...]:
    return signal_panels(load_run(folder), "lsgan", shown="search_002")


def of_trial(panel: SignalPanel, trial: Any) -> list[SignalCurve]:
    return [c for c in panel.curves if c.trial == trial]


def test_the_score_comes_first_from_the_untrained_generator_on(panels: tuple[SignalPanel, ...]) -> None:
    assert [p.title for p in panels] == ["FD", "Loss", "Logit", "Gradient norm"]
    (curve,) = of_trial(panels[0], "search_001")
    assert curve.kimg == (0, 10)
    assert curve.values == pytest.approx((60.0, 35.0))
    assert [p.is_log for p in panels] == [True, False, False, True]


def test_losses_logits_and_gradients(panels: tuple[SignalPanel, ...]) -> None:
    _, losses, logits, norms = panels
    d_loss, g_loss = of_trial(losses, "search_002")
    assert (d_loss.signal, g_loss.signal) == ("discriminator", "generator")
    assert (d_loss.is_first, g_loss.is_first) == (True, False)
    assert d_loss.kimg == (10, 20, 30, 40)
    assert d_loss.values == pytest.approx((0.395, 0.37, 0.345, 0.32))
    assert g_loss.values == pytest.approx((0.595, 0.67, 0.745, 0.82))
    assert {c.trial for c in losses.curves if c.is_shown} == {"search_002"}
    assert {c.trial for c in losses.curves if c.is_lost} == {"search_003"}
    real, fake = of_trial(logits, "search_002")
    assert (real.signal, fake.signal) == ("real", "fake")
    assert real.values == pytest.approx((0.725, 0.75, 0.775, 0.8))
    assert fake.values == pytest.approx((0.275, 0.25, 0.225, 0.2))
    d_norm, g_norm = of_trial(norms, "search_002")
    assert d_norm.values == pytest.approx((1.25, 1.5, 1.75, 2.0))
    assert g_norm.values == pytest.approx((0.55, 0.6, 0.65, 0.7))


def test_what_a_newer_run_folder_measures_has_panels_too(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    trial = folder.trial("lsgan", "search_002")
    evaluations = [
        e.model_copy(
            update={
                "signals": SignalsRecord(d_accuracy_real=0.5 + e.cur_nimg / 1e5, d_accuracy_fake=None),
                "losses": e.losses
                and e.losses.model_copy(
                    update={"g_output_gradient": e.cur_nimg / 1e7, "augment_probability": 0.1, "real_sign": 0.7}
                ),
            }
        )
        for e in trial.read_evaluations()
    ]
    trial.write_evaluations(evaluations)
    panels = {p.title: p for p in signal_panels(load_run(folder), "lsgan", None)}
    titles = ["FD", "Loss", "Logit", "Accuracy of D", "Gradient norm", "Adaptive augmentations", "Gradient at an image"]
    assert list(panels) == titles
    probability, sign = panels["Adaptive augmentations"].curves
    assert (probability.signal, probability.values) == ("probability", (0.1,) * 4)
    assert (sign.signal, sign.values) == ("mean sign of D at real", (0.7,) * 4)
    # A sign that does not exist, here of generated images, has no curve.
    (accuracy,) = panels["Accuracy of D"].curves
    assert (accuracy.trial, accuracy.signal) == ("search_002", "held-out real")
    assert accuracy.values == pytest.approx((0.5, 0.6, 0.7, 0.8, 0.9))
    (gradient,) = panels["Gradient at an image"].curves
    assert (gradient.kimg, gradient.is_first) == ((10, 20, 30, 40), True)
    assert gradient.values == pytest.approx((0.001, 0.002, 0.003, 0.004))


def test_trials_that_never_came_to_a_second_evaluation_have_no_curves(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path), search=ALL_FAILED, confirm={}, state="failed"))
    assert signal_panels(run, "lsgan", None) == ()
