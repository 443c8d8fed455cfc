"""The lines of `diagnose` at the width of a terminal, and of a pipe."""

import io

import pytest
from rich.console import Console
from support.planted_diagnosis import FINDINGS, planted_diagnosis
from support.synthetic_run import write_synthetic_run

from gan_study.cli.diagnose_text import print_one, print_overview
from gan_study.evaluation.diagnosed_snapshot import DiagnosedSnapshot
from gan_study.evaluation.snapshots import SnapshotPlace
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import DiagnosisRecord, Finding, VerdictName
from gan_study.runs.records.status import TrialState

NOTED = FINDINGS[0].model_copy(
    update={
        "name": "coverage_low",
        "threshold": 0.9,
        "note": "0.9 of the control",
        "sentence": "The coverage ratio is 0.62, below 0.9 (0.9 of the control; as many held-out real images: 0.97).",
    }
)
"""It fires, and decides nothing."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_synthetic_run(str(tmp_path_factory.mktemp("run")))


def found(
    run: RunFolder, record: DiagnosisRecord, trial: str = "confirm_003_seed_0", is_kept: bool = True
) -> DiagnosedSnapshot:
    folder = run.trial("wgan", trial)
    config = folder.read_config()
    assert config is not None
    return DiagnosedSnapshot(SnapshotPlace(folder, config, record.cur_nimg), record, TrialState.COMPLETED, is_kept)


def noted(*more: Finding) -> DiagnosisRecord:
    """Partial collapse by coverage_partial, which is the last of the findings."""
    record = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE)
    verdict = record.verdict.model_copy(update={"findings": (*FINDINGS[1:], *more, FINDINGS[0])})
    return record.model_copy(update={"verdict": verdict})


def lines(width: int | None, *shown: DiagnosedSnapshot) -> list[str]:
    """The text printed on a terminal of this width; None is a pipe."""
    text = io.StringIO()
    console = Console(file=text, width=width or 200, force_terminal=width is not None, color_system=None)
    if len(shown) == 1:
        print_one(console, shown[0])
    else:
        print_overview(console, shown)
    return text.getvalue().splitlines()


def test_what_decided_comes_first_and_what_fires_next(run: RunFolder) -> None:
    table = [line for line in lines(120, found(run, noted(NOTED))) if "  " in line[2:] and line[0] in "*+ "]
    assert table == [
        "  finding           value  fires if  control  in words",
        "* coverage_partial   0.62  < 0.75       0.97  coverage ratio",
        "+ coverage_low       0.62  < 0.9        0.97  coverage ratio (0.9 of the control)",
        "  still_falling      0.01  > 0.05          –  fall of the score per evaluation at the end",
    ]


def test_the_last_line_gives_the_verdict_and_what_decided_it(run: RunFolder) -> None:
    name = "wgan/confirm_003_seed_0"
    partial = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, ("7",))
    assert lines(200, found(run, partial))[-1] == (
        f"{name}: partial collapse (without 7), because coverage_partial is 0.62, below 0.75."
    )
    healthy = planted_diagnosis(VerdictName.HEALTHY)
    assert lines(200, found(run, healthy))[-1] == f"{name}: healthy. Every check was made, and none found a failure."
    lacking = planted_diagnosis(VerdictName.INCONCLUSIVE)
    lacking = lacking.model_copy(update={"verdict": lacking.verdict.model_copy(update={"decisive": FINDINGS[2:]})})
    assert lines(200, found(run, lacking))[-1] == (f"{name}: inconclusive, because vendi_total could not be measured.")


def test_what_fires_too_is_told_with_the_reason(run: RunFolder) -> None:
    shown = lines(None, found(run, noted(NOTED)))
    assert shown[shown.index("Fires too, without deciding:") + 1] == (
        f"  coverage_low: {NOTED.sentence} It is only noted: no verdict depends on it."
    )
    assert "Fires too, without deciding:" not in lines(None, found(run, noted()))


def test_a_file_of_a_version_without_notes_says_how_to_get_them(run: RunFolder) -> None:
    kept = "Kept from an earlier diagnosis (diagnosis.json); --again measures again"
    assert lines(None, found(run, noted(NOTED)))[1] == f"{kept}."
    assert lines(None, found(run, noted()))[1] == f"{kept}, with notes on the numbers."


def test_a_narrow_terminal_has_the_words_below(run: RunFolder) -> None:
    shown = lines(80, found(run, noted(NOTED)))
    place = shown.index("+ coverage_low       0.62  < 0.9        0.97")
    assert shown[place + 1] == "    coverage ratio (0.9 of the control)"


@pytest.mark.parametrize("width", [60, 80, 120, None])
@pytest.mark.parametrize("num", [1, 3])
def test_no_line_is_too_long_or_ends_in_blanks(run: RunFolder, width: int | None, num: int) -> None:
    shown = lines(width, *[found(run, noted(NOTED), is_kept=index > 0) for index in range(num)])
    # The command to copy stays whole.
    assert [line for line in shown if len(line) > (width or 10_000) and "-m gan_study" not in line] == []
    assert [line for line in shown if line != line.rstrip()] == []


def test_each_of_several_has_its_verdict_and_where_it_comes_from(run: RunFolder) -> None:
    healthy = planted_diagnosis(VerdictName.HEALTHY)
    lacking = planted_diagnosis(VerdictName.INCONCLUSIVE)
    lacking = lacking.model_copy(update={"verdict": lacking.verdict.model_copy(update={"decisive": FINDINGS[2:]})})
    shown = lines(
        120,
        found(run, planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, ("7",), late_collapse=True)),
        found(run, healthy, "confirm_003_seed_1", is_kept=False),
        found(run, lacking, "confirm_003_seed_2"),
    )
    assert shown[-1] == "3 trials: 1 partial collapse, 1 inconclusive, 1 healthy", "the line that stays on the screen"
    assert [line for line in shown if line.startswith("wgan/")] == [
        "wgan/confirm_003_seed_0  kept          partial collapse (without 7), late collapse (coverage_partial)",
        "wgan/confirm_003_seed_1  measured now  healthy (every check was made)",
        "wgan/confirm_003_seed_2  kept          inconclusive (vendi_total not measured)",
    ]
    assert "kept: from an earlier diagnosis (diagnosis.json); --again measures again." in shown
    none_kept = lines(80, *[found(run, healthy, is_kept=False)] * 2)
    assert not any(line.startswith("kept:") for line in none_kept)
