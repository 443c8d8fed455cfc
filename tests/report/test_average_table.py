"""The table of scores by the half-life of the averaged generator."""

from pathlib import Path

from support.synthetic_run import write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.number_text import score_text
from gan_study.report.tables.average_table import AVERAGE_CAPTION, average_table
from gan_study.report.write import write_report


def test_a_row_for_each_half_life_of_an_arm_that_keeps_several(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "run"))
    assert average_table(confirmed_arms(load_run(folder)).values()).rows == ()
    names = [name for name in folder.trials("lsgan") if name.startswith("confirm")]
    for name, score in zip(names[:2], (12.0, None), strict=True):
        trial = folder.trial("lsgan", name)
        *others, last = trial.read_evaluations()
        trial.write_evaluations([*others, last.model_copy(update={"ema_scores": {"100": score}})])
    run = load_run(folder)
    own = [t.score for t in run.trials_of_arm("lsgan", "confirm") if t.name in names[:2]]
    counts, other = average_table(confirmed_arms(run).values()).rows
    assert counts[:3] == ("lsgan", "10 (first)", "2")
    assert counts[4] == ", ".join(map(score_text, own))
    assert other == ("lsgan", "100", "1", "12.00", "12.00")
    write_report(folder)
    assert AVERAGE_CAPTION.partition("'s ")[2][:80] in Path(folder.location, "report.html").read_text()
