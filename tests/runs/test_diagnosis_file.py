"""diagnosis.json is read back as it was written; older records of evaluations are still read."""

import json
from pathlib import Path

import pytest

from gan_study.errors import StorageError
from gan_study.runs.records.diagnosis import (
    Classes,
    DiagnosisRecord,
    Diagnostics,
    Finding,
    MeasureWithControl,
    Verdict,
    VerdictName,
)
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder

FINDING = Finding(
    name="coverage_partial",
    value=0.5,
    threshold=0.72,
    direction="below",
    source="Naeem et al. 2020",
    control=0.96,
    fires=True,
    sentence="The coverage is 0.5, below 0.72.",
)
RECORD = DiagnosisRecord(
    cur_nimg=1000,
    extractor="domain_classifier@1a2b3c4d,hidden,d=64",
    seconds=1 / 3,
    verdict=Verdict(
        name=VerdictName.PARTIAL_COLLAPSE,
        late_collapse=True,
        missing_classes=("3",),
        decisive=(FINDING,),
        findings=(FINDING, FINDING.model_copy(update={"value": None, "threshold": None})),
        sentence="Partial collapse: The coverage is 0.5, below 0.72.",
    ),
    diagnostics=Diagnostics(
        num=150,
        num_train=750,
        coverage=MeasureWithControl(value=0.5, control=0.96),
        classes=Classes(
            num_modes=MeasureWithControl(value=9, control=10), kl=None, missing=(3,), missing_by_chance=1e-9
        ),
    ),
)


@pytest.fixture
def trial(tmp_path: Path) -> TrialFolder:
    return TrialFolder(Storage(tmp_path))


def test_it_is_read_back(trial: TrialFolder) -> None:
    assert trial.read_diagnosis() is None
    trial.write_diagnosis(RECORD)
    assert trial.read_diagnosis() == RECORD
    content = json.loads(trial.storage.read_text("diagnosis.json"))
    assert (content["schema_version"], content["verdict"]["name"]) == (1, "partial_collapse")


def test_a_file_of_another_version(trial: TrialFolder) -> None:
    trial.storage.write_text(
        "diagnosis.json", RECORD.model_dump_json().replace('"schema_version":1', '"schema_version":2')
    )
    with pytest.raises(StorageError, match=r"diagnosis\.json: the file does not fit this version"):
        trial.read_diagnosis()


def test_records_of_a_version_without_diagnosis(trial: TrialFolder) -> None:
    losses = (
        '{"d_loss":0.1,"g_loss":0.2,"penalty":null,"real_logit":0.5,"fake_logit":0.25,"d_grad_norm":1.0,'
        '"g_grad_norm":2.0}'
    )
    trial.storage.write_text(
        "metrics.jsonl",
        '{"cur_nimg":64,"num_d_steps":1,"num_g_steps":1,"train_sec":0.5,"evaluate_sec":0.25,"score":1.5,'
        f'"class_shares":null,"losses":{losses}}}\n',
    )
    trial.storage.write_text("status.json", '{"schema_version":1,"state":"stopped","cur_nimg":64}')
    (evaluation,) = trial.read_evaluations()
    assert evaluation.signals is None
    assert evaluation.losses is not None
    assert evaluation.losses.g_output_gradient is None
    status = trial.read_status()
    assert status is not None
    assert not status.collapsed
