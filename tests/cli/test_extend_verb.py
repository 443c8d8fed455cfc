"""`gan_study extend` up to the point where Ray would start: what is refused, written and kept."""

from pathlib import Path

import pytest
from support.command import gan_study
from support.synthetic_run import STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.cli.extend import extend_study
from gan_study.cli.resume import shorten_study
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.search.sampling import startup_trials
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.report.tables.protocol import protocol_items
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.workflow.run_folder import is_completed

NEW_ARM = "arms.hinge={network: dcgan, loss: hinge}"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = write_synthetic_run(str(tmp_path / "run"))
    folder.write_study_text(dump_study(StudyConfig.model_validate(STUDY)))
    return folder


def study_of(folder: RunFolder) -> StudyConfig:
    return parse_study(folder.read_study_text(), "study.yaml")


def trial_files(folder: RunFolder) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in folder.storage.local_path("arms").rglob("*") if p.is_file()}


def test_the_study_is_extended_and_the_former_one_kept(folder: RunFolder) -> None:
    former, trials = folder.read_study_text(), trial_files(folder)
    assert extend_study(folder, None, ["budget.trials_per_arm=8", "resources.max_retries=0", NEW_ARM]) is True
    study = study_of(folder)
    assert (study.budget.trials_per_arm, list(study.arms)) == (8, ["lsgan", "wgan", "hinge"])
    (record,) = folder.read_extensions().extensions
    assert record.additions == ("budget.trials_per_arm: 5 to 8", "arms.hinge: a new arm")
    assert record.changes == ("resources.max_retries: 2 in the run folder, 0 by --set",)
    assert record.num_trials == 20
    assert folder.read_former_study(record.former_study) == former
    assert not is_completed(folder)  # or `resume` would write the report alone
    assert trial_files(folder) == trials


def test_a_study_without_confirmed_trials_is_extended(folder: RunFolder) -> None:
    study = study_of(folder)
    confirm = study.confirm.model_copy(update={"top_k": 0})
    folder.write_study_text(dump_study(study.model_copy(update={"confirm": confirm})))
    for arm in folder.arms():
        for name in folder.trials(arm):
            if name.startswith("confirm_"):
                folder.storage.delete_folder(f"arms/{arm}/{name}")
    assert extend_study(folder, None, ["budget.trials_per_arm=8"]) is True


def test_a_run_folder_of_an_older_version_is_extended(folder: RunFolder) -> None:
    """It wrote every default down, those too that its scheduler does nothing with."""
    study = study_of(folder)
    unused = study.search.model_copy(update={"scheduler": "none", "reduction_factor": 3, "grace_kimg": None})
    folder.write_study_text(dump_study(study.model_copy(update={"search": unused})))
    with pytest.raises(InputError, match="reduction_factor belongs to asha"):
        study_of(folder)
    assert extend_study(folder, None, ["confirm.seeds=8"]) is True


def test_a_study_file_extends_too(folder: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "longer.yaml"
    path.write_text(folder.read_study_text().replace("trials_per_arm: 5", "trials_per_arm: 6"))
    assert extend_study(folder, str(path), ["confirm.seeds=6"]) is True
    assert study_of(folder).budget.trials_per_arm == 6
    assert study_of(folder).confirm.seeds == 6


def test_a_second_extension_keeps_both_former_studies(folder: RunFolder) -> None:
    texts = []
    for trials in (6, 7):
        texts.append(folder.read_study_text())
        extend_study(folder, None, [f"budget.trials_per_arm={trials}"])
    records = folder.read_extensions().extensions
    assert [folder.read_former_study(r.former_study) for r in records] == texts
    assert [r.additions for r in records] == [
        ("budget.trials_per_arm: 5 to 6",),
        ("budget.trials_per_arm: 6 to 7",),
    ]


def test_an_extension_that_died_before_it_took_effect_is_noted_once(folder: RunFolder) -> None:
    former = folder.read_study_text()
    extend_study(folder, None, ["budget.trials_per_arm=6"])
    folder.write_study_text(former)  # as if the process had died before it wrote the study
    extend_study(folder, None, ["budget.trials_per_arm=7"])
    (record,) = folder.read_extensions().extensions
    assert record.additions == ("budget.trials_per_arm: 5 to 7",)
    assert folder.read_former_study(record.former_study) == former


def test_nothing_new_leaves_everything_as_it_is(folder: RunFolder) -> None:
    text = folder.read_study_text()
    assert extend_study(folder, None, ["budget.trials_per_arm=5"]) is False
    assert folder.read_study_text() == text
    assert is_completed(folder)
    assert folder.read_extensions().extensions == ()


def test_resources_alone_are_no_extension(folder: RunFolder) -> None:
    assert extend_study(folder, None, ["resources.max_concurrent_trials=8"]) is False
    assert study_of(folder).resources.max_concurrent_trials == 8
    assert is_completed(folder)
    assert folder.read_extensions().extensions == ()


def test_what_changes_a_training_is_refused_line_by_line(folder: RunFolder) -> None:
    text = folder.read_study_text()
    found = gan_study("extend", folder.location, "--set", "search.seed=3", "--set", "arms.wgan.penalty_weight=5")
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        f"error: {folder.location}: an extension only adds to a study, but got 2 fields that would change what has "
        "been run; take them back, or run the changed study by `run` under another name",
        "error: search.seed: 0 in the run folder, 3 by --set",
        "error: arms.wgan.search_space.penalty_weight: log_uniform [0.1, 100] in the run folder, 5 by --set",
    ]
    assert folder.read_study_text() == text
    assert is_completed(folder)


def test_images_that_have_changed_are_noticed_before_anything_is_written(folder: RunFolder) -> None:
    """The synthetic run's images are not those of digits."""
    before = {p: p.read_bytes() for p in folder.storage.local_path("").rglob("*") if p.is_file()}
    with pytest.raises(InputError, match="a study needs the images that it began with, but got others"):
        extend_study(folder, None, ["budget.trials_per_arm=8"], trains_here=True)
    with pytest.raises(InputError, match="a study needs the images that it began with, but got others"):
        shorten_study(folder, ["wgan"], False, ["confirm.seeds=2"], trains_here=True)
    assert {p: p.read_bytes() for p in folder.storage.local_path("").rglob("*") if p.is_file()} == before


def test_a_lost_configuration_is_noticed_before_anything_is_written(folder: RunFolder) -> None:
    folder.storage.delete("arms/wgan/search_002/config.json")
    before = {p: p.read_bytes() for p in folder.storage.local_path("").rglob("*") if p.is_file()}
    with pytest.raises(InputError, match="but got arms/wgan/search_002 without one"):
        extend_study(folder, None, ["budget.trials_per_arm=8"])
    with pytest.raises(InputError, match="but got arms/wgan/search_002 without one"):
        shorten_study(folder, ["wgan"], False, [])
    assert {p: p.read_bytes() for p in folder.storage.local_path("").rglob("*") if p.is_file()} == before


def test_what_this_machine_lacks_is_noticed_before_anything_is_written(folder: RunFolder) -> None:
    text = folder.read_study_text()
    with pytest.raises(InputError, match="a trial must fit on this machine, but got 999 CPUs needed"):
        extend_study(folder, None, ["budget.trials_per_arm=8", "resources.cpus_per_worker=999"], trains_here=True)
    assert folder.read_study_text() == text
    assert folder.read_extensions().extensions == ()


def test_additions_must_be_given(folder: RunFolder) -> None:
    with pytest.raises(InputError, match="additions must be given, but got neither a study file nor --set"):
        extend_study(folder, None, [])


def test_a_study_without_anything_to_train_gets_its_report(folder: RunFolder) -> None:
    found = gan_study("extend", folder.location, "--set", "budget.trials_per_arm=5")
    assert (found.returncode, found.stderr) == (0, "")
    head, *_, last = found.stdout.splitlines()
    assert head == "Nothing is added to the study."
    assert last == f"Report: {folder.location}/report.html"


def test_the_report_names_the_extension(folder: RunFolder) -> None:
    extend_study(folder, None, ["budget.trials_per_arm=8"])
    protocol = dict(protocol_items(load_run(folder)))
    assert protocol["Extension"].endswith(
        ", after 20 trials had ended: budget.trials_per_arm: 5 to 8 (before: study_before_extension_1.yaml)"
    )
    assert "results could be seen" in protocol["Extended study"]
    write_report(folder)
    assert "budget.trials_per_arm: 5 to 8" in folder.storage.read_text("report.html")


def test_a_study_that_was_never_extended_says_nothing_of_it(folder: RunFolder) -> None:
    assert not [term for term, _ in protocol_items(load_run(folder)) if term.startswith("Exten")]


@pytest.mark.parametrize("is_settled", [True, False])
@pytest.mark.parametrize(
    ("search", "name", "value"),
    [
        ({"sampler": "tpe", "scheduler": "none"}, "startup_trials", 1),
        ({"scheduler": "median"}, "min_completed_trials", 2),
    ],
)
def test_an_extension_keeps_what_followed_from_the_first_number_of_trials(
    folder: RunFolder, tmp_path: Path, search: dict[str, str], name: str, value: int, is_settled: bool
) -> None:
    """A third of the trials are drawn at random: of 30 that would be 10, though the sampler has learned by then."""
    plain = StudyConfig.model_validate(STUDY | {"search": search})
    file = tmp_path / "extended.yaml"
    file.write_text(
        dump_study(plain.model_copy(update={"budget": plain.budget.model_copy(update={"trials_per_arm": 30})}))
    )
    for study_file, overrides in ((None, ["budget.trials_per_arm=30"]), (str(file), [])):
        folder.write_study_text(
            dump_study(with_search_defaults(plain) if is_settled else plain)
        )  # else of an older version
        assert extend_study(folder, study_file, overrides) is True
        study = study_of(folder)
        assert study.budget.trials_per_arm == 30
        assert getattr(study.search, name) == value
        assert extend_study(folder, study_file, overrides) is False


def test_run_writes_down_what_follows_from_the_number_of_trials() -> None:
    study = with_search_defaults(StudyConfig.model_validate(STUDY))
    assert study.search.startup_trials == startup_trials(study)
    assert with_search_defaults(study) == study
