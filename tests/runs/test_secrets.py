"""Credentials in URIs are refused, and removed from everything that is stored or printed."""

import pytest

from gan_study.cli.commands.surroundings import set_places
from gan_study.cli.terminal.messages import print_error, print_warning
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment
from gan_study.runs.records.extensions import ExtensionRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.secrets import without_secrets

SECRET = "s3cr+t"
WITH_SECRETS = [
    f"s3://AKIA:{SECRET}@bucket/runs",
    f"s3://AKIA:ab/{SECRET}@bucket/runs?region=us-east-1",
    f"s3://{SECRET}@bucket/runs",
    f"s3://bucket/runs?region=x&secret_key={SECRET}",
    f"s3://bucket/runs?X-Amz-Signature={SECRET}&region=x",
    f"s3://bucket/runs?access_key=AK&secretAccessKey={SECRET}",
    f"gs://user:{SECRET}@bucket/runs",
    f"gs://bucket/runs?access_token={SECRET}",
    f"https://me:{SECRET}@mlflow.example:5000/",
    f"https://account.example/c?sv=1&sig={SECRET}",
    f"ray://me:{SECRET}@head:10001",
]
HARMLESS = [
    "s3://bucket/run@2?scheme=http&endpoint_override=127.0.0.1:9000&region=us-east-1",
    "gs://anonymous@bucket/run",
    "http://127.0.0.1:8265/a@b",
    "python -m gan_study run a.yaml --out runs/x@y --set name=z",
    "s3://bucket/monkey?tokens",
]


@pytest.mark.parametrize("uri", WITH_SECRETS)
def test_a_place_with_credentials_is_refused_without_repeating_them(uri: str) -> None:
    if not uri.startswith(("http", "ray")):
        with pytest.raises(InputError, match="set them as environment variables") as caught:
            RunFolder(uri)
        assert SECRET not in str(caught.value)
    with pytest.raises(InputError):
        set_places(None, None, uri)


@pytest.mark.parametrize("uri", WITH_SECRETS)
def test_credentials_reach_no_file_and_no_message(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"python -m gan_study run x.yaml --out {uri} --set name=y"
    environment = Environment(versions={}, hosts=(), commit=None, command=command)
    following = environment.model_copy(update={"command": "resume"}).following(environment)
    extension = ExtensionRecord(time=0, command=command, additions=(), former_study="", num_trials=0)
    status = TrialStatus(state=TrialState.FAILED, reason=f"cannot reach {uri}")
    for record in (environment, following, extension, status):
        assert SECRET not in record.model_dump_json()
    assert without_secrets(command).endswith(" --set name=y")
    print_error(InputError(f"{uri}: no such place"))
    print_warning(f"mlflow: cannot reach {uri}")
    assert SECRET not in capsys.readouterr().err


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert without_secrets(text) == text
