"""A run folder and the folders of its trials: names of files, and typed reading and writing of each.

```
<run folder>/
  study.yaml  environment.json  study_status.json  optuna.db  report.html  summary.json  trials.csv
  extensions.json  study_before_extension_<number>.yaml  importance.json  preparation.txt (until the first trial)
  objective/objective.json  objective/<extractor's files>  trackers/<tracker>/<its files>
  population/<arm>.jsonl  refine/<arm>.json
  arms/<arm>/<trial>/config.json  status.json  metrics.jsonl  diagnosis.json  final_scores.json  pbt.jsonl
                     samples/<images>.png  samples/neighbours.png  samples/interpolation.png  samples/timeline.webp
                     snapshots/<images>.safetensors  checkpoints/<images>.pt
```
`<images>` is the number of images seen, eight digits with leading zeros.
"""

from collections.abc import Sequence, Set
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gan_study.config.training import TrialConfig
from gan_study.errors import InputError, StorageError
from gan_study.runs.diagnosis import DiagnosisRecord
from gan_study.runs.environment import Environment
from gan_study.runs.extensions import ExtensionsRecord
from gan_study.runs.final_scores import FinalScores
from gan_study.runs.importance import ImportanceRecord
from gan_study.runs.population import Generation, MemberCopy
from gan_study.runs.records import (
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

    def read_final_scores(self) -> FinalScores | None:
        """final_scores.json."""
        return _read(self.storage, "final_scores.json", FinalScores)

    def write_final_scores(self, scores: FinalScores) -> None:
        """Write final_scores.json."""
        self.storage.write_text("final_scores.json", scores.model_dump_json(indent=2) + "\n")

    def write_neighbours(self, png: bytes) -> None:
        """Write the picture of generated images, each above the training image nearest to it."""
        self.storage.write_bytes("samples/neighbours.png", png)

    def read_neighbours(self) -> bytes | None:
        """The PNG of generated images, each above the training image nearest to it."""
        return self._read_picture("neighbours.png")

    def write_interpolation(self, png: bytes) -> None:
        """Write the picture of images along paths between latents, a row for each path."""
        self.storage.write_bytes("samples/interpolation.png", png)

    def read_interpolation(self) -> bytes | None:
        """The PNG of images along paths between latents, a row for each path."""
        return self._read_picture("interpolation.png")

    def write_timeline(self, webp: bytes) -> None:
        """Write the sample grids over the training as one animated image."""
        self.storage.write_bytes("samples/timeline.webp", webp)

    def read_timeline(self) -> bytes | None:
        """The animated WebP of the sample grids over the training."""
        return self._read_picture("timeline.webp")

    def _read_picture(self, name: str) -> bytes | None:
        try:
            return self.storage.read_bytes(f"samples/{name}")
        except FileNotFoundError:
            return None

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

    def replace_checkpoint(self, cur_nimg: int, content: bytes, kept_nimg: int | None = None) -> None:
        """Write the checkpoint at `cur_nimg` images, then remove the older ones but the one at `kept_nimg`."""
        self.storage.write_bytes(f"checkpoints/{cur_nimg:08d}.pt", content)
        self.delete_checkpoints({cur_nimg, kept_nimg})

    def delete_checkpoints(self, kept_nimgs: Set[int | None] = frozenset()) -> None:
        """Remove every checkpoint but those at `kept_nimgs` images."""
        for nimg in self.checkpoint_nimgs():
            if nimg not in kept_nimgs:
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

    def read_importance(self) -> ImportanceRecord | None:
        """importance.json."""
        return _read(self.storage, "importance.json", ImportanceRecord)

    def write_importance(self, importance: ImportanceRecord) -> None:
        """Write importance.json."""
        self.storage.write_text("importance.json", importance.model_dump_json(indent=2) + "\n")

    def read_extensions(self) -> ExtensionsRecord:
        """extensions.json; without one, that of a study that was never extended."""
        return _read(self.storage, "extensions.json", ExtensionsRecord) or ExtensionsRecord()

    def write_extensions(self, extensions: ExtensionsRecord) -> None:
        """Write extensions.json."""
        self.storage.write_text("extensions.json", extensions.model_dump_json(indent=2) + "\n")

    def read_former_study(self, name: str) -> str:
        """The study as it was before an extension, from the file that its record names."""
        return self.storage.read_text(name)

    def write_former_study(self, name: str, text: str) -> None:
        """Keep the study as it was before an extension."""
        self.storage.write_text(name, text)

    def read_objective(self) -> ObjectiveRecord | None:
        """objective/objective.json."""
        return _read(self.storage, "objective/objective.json", ObjectiveRecord)

    def write_objective(self, objective: ObjectiveRecord) -> None:
        """Write objective/objective.json."""
        self.storage.write_text("objective/objective.json", objective.model_dump_json(indent=2) + "\n")

    def read_preparation(self) -> str | None:
        """preparation.txt: what is being done before the first trial, and how far it is."""
        try:
            return self.storage.read_text("preparation.txt")
        except FileNotFoundError:
            return None

    def write_preparation(self, text: str) -> None:
        """Replace preparation.txt."""
        self.storage.write_text("preparation.txt", text)

    def forget_preparation(self) -> None:
        """Remove preparation.txt."""
        self.storage.delete("preparation.txt")

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

    def trackers(self) -> Storage:
        """The folder of what TensorBoard, MLflow and W&B are told, there or not."""
        return self.storage.child("trackers")

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
