"""A run folder and the folders of its trials: names of files, and typed reading and writing of each.

```
<run folder>/
  study.yaml  environment.json  study_status.json  optuna.db  report.html  summary.json  trials.csv
  population/<arm>.jsonl
  objective/objective.json  objective/<extractor's files>
  refine/<arm>.json
  arms/<arm>/<trial>/config.json  status.json  metrics.jsonl  diagnosis.json  pbt.jsonl
                     samples/<images>.png  samples/neighbours.png
                     snapshots/<images>.safetensors  checkpoints/<images>.pt
```
`<images>` is the number of images seen, eight digits with leading zeros.
"""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gan_study.config.training import TrialConfig
from gan_study.errors import InputError, StorageError
from gan_study.runs.diagnosis import DiagnosisRecord
from gan_study.runs.population import Generation, MemberCopy
from gan_study.runs.records import (
    Environment,
    EvaluationRecord,
    ObjectiveRecord,
    StudyStatus,
    TrialStatus,
)
from gan_study.runs.refinement import RefinementRecord
from gan_study.runs.storage import Storage

_R = TypeVar("_R", bound=BaseModel)


class TrialFolder:
    """One trial's files. Reading a file that is not there gives None or nothing."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def read_config(self) -> TrialConfig | None:
        """config.json."""
        return _read(self.storage, "config.json", TrialConfig)

    def write_config(self, config: TrialConfig) -> None:
        """Write config.json."""
        self.storage.write_text("config.json", config.model_dump_json(indent=2) + "\n")

    def read_status(self) -> TrialStatus | None:
        """status.json."""
        return _read(self.storage, "status.json", TrialStatus)

    def write_status(self, status: TrialStatus) -> None:
        """Write status.json."""
        self.storage.write_text("status.json", status.model_dump_json(indent=2) + "\n")

    def read_evaluations(self) -> list[EvaluationRecord]:
        """metrics.jsonl, in the order of images seen."""
        return _read_lines(self.storage, "metrics.jsonl", EvaluationRecord)

    def write_evaluations(self, evaluations: list[EvaluationRecord]) -> None:
        """Replace metrics.jsonl (small; an object store cannot append)."""
        self.storage.write_text("metrics.jsonl", "".join(e.model_dump_json() + "\n" for e in evaluations))

    def read_diagnosis(self) -> DiagnosisRecord | None:
        """diagnosis.json."""
        return _read(self.storage, "diagnosis.json", DiagnosisRecord)

    def write_diagnosis(self, diagnosis: DiagnosisRecord) -> None:
        """Write diagnosis.json."""
        self.storage.write_text("diagnosis.json", diagnosis.model_dump_json(indent=2) + "\n")

    def write_neighbours(self, png: bytes) -> None:
        """Write the picture of generated images, each above the training image nearest to it."""
        self.storage.write_bytes("samples/neighbours.png", png)

    def sample_nimgs(self) -> list[int]:
        """The numbers of images at which a sample grid was written, ascending."""
        return _numbers(self.storage, "samples")

    def read_samples(self, cur_nimg: int) -> bytes:
        """The PNG of the sample grid at `cur_nimg` images."""
        return self.storage.read_bytes(f"samples/{cur_nimg:08d}.png")

    def write_samples(self, cur_nimg: int, png: bytes) -> None:
        """Write the sample grid at `cur_nimg` images."""
        self.storage.write_bytes(f"samples/{cur_nimg:08d}.png", png)

    def keep_samples(self, nimgs: set[int]) -> None:
        """Remove every sample grid but those at `nimgs` images."""
        for nimg in set(self.sample_nimgs()) - nimgs:
            self.storage.delete(f"samples/{nimg:08d}.png")

    def read_copies(self) -> list[MemberCopy]:
        """pbt.jsonl: how often this trial of a population has gone on as another's copy, in order."""
        return _read_lines(self.storage, "pbt.jsonl", MemberCopy)

    def write_copies(self, copies: Sequence[MemberCopy]) -> None:
        """Replace pbt.jsonl."""
        self.storage.write_text("pbt.jsonl", "".join(c.model_dump_json() + "\n" for c in copies))

    def snapshot_nimgs(self) -> list[int]:
        """The numbers of images at which the EMA generator was written, ascending."""
        return _numbers(self.storage, "snapshots")

    def read_snapshot(self, cur_nimg: int) -> bytes:
        """The EMA generator at `cur_nimg` images, in safetensors format."""
        return self.storage.read_bytes(f"snapshots/{cur_nimg:08d}.safetensors")

    def write_snapshot(self, cur_nimg: int, content: bytes) -> None:
        """Write the EMA generator at `cur_nimg` images."""
        self.storage.write_bytes(f"snapshots/{cur_nimg:08d}.safetensors", content)

    def keep_snapshots(self, nimgs: set[int]) -> None:
        """Remove every snapshot but those at `nimgs` images."""
        for nimg in set(self.snapshot_nimgs()) - nimgs:
            self.storage.delete(f"snapshots/{nimg:08d}.safetensors")

    def checkpoint_nimgs(self) -> list[int]:
        """The numbers of images at which there is a checkpoint, ascending."""
        return _numbers(self.storage, "checkpoints")

    def read_checkpoint(self, cur_nimg: int) -> bytes:
        """The checkpoint at `cur_nimg` images."""
        return self.storage.read_bytes(f"checkpoints/{cur_nimg:08d}.pt")

    def replace_checkpoint(self, cur_nimg: int, content: bytes) -> None:
        """Write the checkpoint at `cur_nimg` images, then remove the older ones."""
        self.storage.write_bytes(f"checkpoints/{cur_nimg:08d}.pt", content)
        self.delete_checkpoints(except_nimg=cur_nimg)

    def delete_checkpoints(self, except_nimg: int | None = None) -> None:
        """Remove every checkpoint but the one at `except_nimg` images."""
        for nimg in self.checkpoint_nimgs():
            if nimg != except_nimg:
                self.storage.delete(f"checkpoints/{nimg:08d}.pt")


class RunFolder:
    """The folder of one study's run."""

    def __init__(self, location: str) -> None:
        self.storage = Storage(location)
        self.location = self.storage.location

    def is_a_run(self) -> bool:
        """Whether a study has begun here."""
        return self.storage.exists("study.yaml")

    def require_run(self) -> None:
        """Raise InputError unless a study has begun here."""
        if not self.is_a_run():
            raise InputError(
                f"{self.location}: a run folder holds a study.yaml, but this one does not; "
                "give the folder that `gan_study run` named"
            )

    def read_study_text(self) -> str:
        """study.yaml, the resolved study."""
        return self.storage.read_text("study.yaml")

    def write_study_text(self, text: str) -> None:
        """Write study.yaml."""
        self.storage.write_text("study.yaml", text)

    def read_objective(self) -> ObjectiveRecord | None:
        """objective/objective.json."""
        return _read(self.storage, "objective/objective.json", ObjectiveRecord)

    def write_objective(self, objective: ObjectiveRecord) -> None:
        """Write objective/objective.json."""
        self.storage.write_text("objective/objective.json", objective.model_dump_json(indent=2) + "\n")

    def read_environment(self) -> Environment | None:
        """environment.json."""
        return _read(self.storage, "environment.json", Environment)

    def write_environment(self, environment: Environment) -> None:
        """Write environment.json."""
        self.storage.write_text("environment.json", environment.model_dump_json(indent=2) + "\n")

    def read_study_status(self) -> StudyStatus | None:
        """study_status.json."""
        return _read(self.storage, "study_status.json", StudyStatus)

    def write_study_status(self, status: StudyStatus) -> None:
        """Write study_status.json."""
        self.storage.write_text("study_status.json", status.model_dump_json(indent=2) + "\n")

    def read_generations(self, arm: str) -> list[Generation]:
        """population/<arm>.jsonl: the comparisons of a population, in order."""
        return _read_lines(self.storage, f"population/{arm}.jsonl", Generation)

    def write_generations(self, arm: str, generations: Sequence[Generation]) -> None:
        """Replace population/<arm>.jsonl."""
        self.storage.write_text(f"population/{arm}.jsonl", "".join(g.model_dump_json() + "\n" for g in generations))

    def read_refinement(self, arm: str) -> RefinementRecord | None:
        """refine/<arm>.json."""
        return _read(self.storage, f"refine/{arm}.json", RefinementRecord)

    def write_refinement(self, arm: str, refinement: RefinementRecord) -> None:
        """Write refine/<arm>.json."""
        self.storage.write_text(f"refine/{arm}.json", refinement.model_dump_json(indent=2) + "\n")

    def arms(self) -> list[str]:
        """Names of the arms that have trials."""
        return self.storage.list_names("arms")

    def trials(self, arm: str) -> list[str]:
        """Names of an arm's trials."""
        return self.storage.list_names(f"arms/{arm}")

    def trial(self, arm: str, name: str) -> TrialFolder:
        """The folder of one trial, there or not."""
        return TrialFolder(self.storage.child(f"arms/{arm}/{name}"))


def _read_lines(storage: Storage, name: str, model: type[_R]) -> list[_R]:
    try:
        lines = storage.read_bytes(name).splitlines()
    except FileNotFoundError:
        return []
    return [_parse(storage, name, line, model) for line in lines]


def _read(storage: Storage, name: str, model: type[_R]) -> _R | None:
    try:
        content = storage.read_bytes(name)
    except FileNotFoundError:
        return None
    return _parse(storage, name, content, model)


def _parse(storage: Storage, name: str, content: bytes, model: type[_R]) -> _R:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        details = "; ".join(": ".join(map(str, (*e["loc"], e["msg"]))) for e in error.errors())
        raise StorageError(
            f"{storage.location}/{name}: the file does not fit this version of gan_study ({details}); "
            "read it with the version in environment.json"
        ) from error


def _numbers(storage: Storage, folder: str) -> list[int]:
    stems = (name.split(".")[0] for name in storage.list_names(folder))
    return sorted(int(stem) for stem in stems if stem.isdecimal())
