"""The table of a conditional arm's classes."""

from collections.abc import Sequence
from pathlib import Path

from support.synthetic_run import OBJECTIVE, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.load_run import load_run
from gan_study.report.tables.class_table import MOST_CLASSES, class_caption, class_table
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.final_scores import ClassRecord, FinalScores, ScoreWithReal


def with_classes(folder: RunFolder, *seeds: Sequence[ClassRecord]) -> list[ConfirmedArm]:
    """The confirmed arms, after the first seeds of lsgan have received scores by class."""
    names = [name for name in folder.trials("lsgan") if name.startswith("confirm")]
    for name, classes in zip(names, seeds, strict=False):
        folder.trial("lsgan", name).write_final_scores(
            FinalScores(
                cur_nimg=40_000,
                key=OBJECTIVE.key,
                draws=(9.5,),
                mean=9.5,
                std=None,
                floor=OBJECTIVE.floor,
                floor_is_rough=False,
                num_real=1797,
                infinity=None,
                kernel=None,
                neighbours=None,
                inception_score=None,
                classes=tuple(classes),
                class_accuracy=ScoreWithReal(value=0.75, real=0.98),
                missing={},
                seconds=3.0,
            )
        )
    return list(confirmed_arms(load_run(folder)).values())


def record(name: str, distance: float | None, accuracy: float | None) -> ClassRecord:
    found = None if distance is None else ScoreWithReal(value=distance, real=2.0)
    return ClassRecord(name=name, num=10, frechet_distance=found, accuracy=accuracy)


def test_the_worst_class_comes_first(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "run"))
    assert class_table(with_classes(folder)).rows == ()
    first = record("zero", 10.0, 1.0), record("one", 30.0, 0.5), record("two", None, None)
    second = record("zero", 20.0, 0.5), record("one", 50.0, 0.25), record("two", None, None)
    arms = with_classes(folder, first, second)
    assert class_table(arms).rows == (
        ("lsgan", "one", "40.00 (2)", "37.5 %"),
        ("lsgan", "zero", "15.00 (2)", "75 %"),
        ("lsgan", "two", "–", "–"),
    )
    write_report(folder)
    page = Path(folder.location, "report.html").read_text()
    assert class_caption(arms)[:60] in page
    assert "0.75 (0.98)" in page


def test_classes_that_are_left_out_are_counted(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "run"))
    arms = with_classes(folder, [record(f"class {i}", float(i), 1.0) for i in range(MOST_CLASSES + 5)])
    rows = class_table(arms).rows
    assert [row[1] for row in rows] == [f"class {i}" for i in range(MOST_CLASSES + 4, 4, -1)]
    assert class_caption(arms).endswith(" The table leaves out 5 of lsgan, whose images are closer to their real ones.")
