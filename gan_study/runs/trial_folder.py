"""The folder of one trial: names of files, and typed reading and writing of each; see `folder` for its location."""

from collections.abc import Sequence, Set
from itertools import pairwise

from gan_study.config.training import TrialConfig
from gan_study.errors import StorageError
from gan_study.runs.record_files import read_record, read_records
from gan_study.runs.records.diagnosis import DiagnosisRecord
from gan_study.runs.records.final_scores import FinalScores
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.population import MemberCopy
from gan_study.runs.records.status import HeardRecord, TrialStatus
from gan_study.runs.storage import Storage


class TrialFolder:
    """The files of one trial. Reading a missing file gives None or an empty list."""

    def __init__(self, storage: Storage, trial: str | None = None) -> None:
        """trial: the arm and the name of the trial, such as `wgan/search_003`; None outside a run folder."""
        self.storage = storage
        self._trial = trial

    def read_config(self) -> TrialConfig | None:
        """config.json. Raises StorageError if it is the file of another trial of a run folder."""
        config = read_record(self.storage, "config.json", TrialConfig)
        if config is not None and self._trial not in (None, held := f"{config.arm}/{config.name}"):
            raise StorageError(
                f"{self.storage.location}/config.json: a trial's folder holds the trial of its own name, but got that "
                f"of arms/{held}; copy this folder again from where the run was made, or move it out of the run folder"
            )
        return config

    def write_config(self, config: TrialConfig) -> None:
        """Write config.json."""
        self.storage.write_text("config.json", config.model_dump_json(indent=2) + "\n")

    def read_status(self) -> TrialStatus | None:
        """status.json."""
        return read_record(self.storage, "status.json", TrialStatus)

    def write_status(self, status: TrialStatus) -> None:
        """Write status.json."""
        self.storage.write_text("status.json", status.model_dump_json(indent=2) + "\n")

    def read_heard(self) -> HeardRecord | None:
        """heard.json."""
        return read_record(self.storage, "heard.json", HeardRecord)

    def write_heard(self, heard: HeardRecord) -> None:
        """Write heard.json."""
        self.storage.write_text("heard.json", heard.model_dump_json() + "\n")

    def read_evaluations(self) -> list[EvaluationRecord]:
        """metrics.jsonl, in the order of images seen. Raises StorageError if its lines are in another order."""
        evaluations = read_records(self.storage, "metrics.jsonl", EvaluationRecord)
        for line, (before, after) in enumerate(pairwise(evaluations), 2):
            if after.cur_nimg <= before.cur_nimg:
                raise StorageError(
                    f"{self.storage.location}/metrics.jsonl:{line}: each evaluation must have seen more images than "
                    f"the one before, but got cur_nimg={after.cur_nimg} after {before.cur_nimg}; copy the file again "
                    "from where the run was made, or remove it: its trial then has no scores"
                )
        return evaluations

    def write_evaluations(self, evaluations: list[EvaluationRecord]) -> None:
        """Replace metrics.jsonl (small; an object store cannot append)."""
        self.storage.write_text("metrics.jsonl", "".join(e.model_dump_json() + "\n" for e in evaluations))

    def read_diagnosis(self) -> DiagnosisRecord | None:
        """diagnosis.json."""
        return read_record(self.storage, "diagnosis.json", DiagnosisRecord)

    def write_diagnosis(self, diagnosis: DiagnosisRecord) -> None:
        """Write diagnosis.json."""
        self.storage.write_text("diagnosis.json", diagnosis.model_dump_json(indent=2) + "\n")

    def read_final_scores(self) -> FinalScores | None:
        """final_scores.json."""
        return read_record(self.storage, "final_scores.json", FinalScores)

    def write_final_scores(self, scores: FinalScores) -> None:
        """Write final_scores.json."""
        self.storage.write_text("final_scores.json", scores.model_dump_json(indent=2) + "\n")

    def write_neighbours(self, png: bytes) -> None:
        """Write the picture of generated images, each above its nearest training image."""
        self.storage.write_bytes("samples/neighbours.png", png)

    def read_neighbours(self) -> bytes | None:
        """The PNG of generated images, each above its nearest training image."""
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
        """Numbers of images with a sample grid, ascending."""
        return _numbers(self.storage, "samples")

    def read_samples(self, cur_nimg: int) -> bytes:
        """The PNG of the sample grid at `cur_nimg` images."""
        return self.storage.read_bytes(f"samples/{cur_nimg:08d}.png")

    def samples_location(self, cur_nimg: int) -> str:
        """The location of the sample grid at `cur_nimg` images."""
        return self.storage.child(f"samples/{cur_nimg:08d}.png").location

    def write_samples(self, cur_nimg: int, png: bytes) -> None:
        """Write the sample grid at `cur_nimg` images."""
        self.storage.write_bytes(f"samples/{cur_nimg:08d}.png", png)

    def keep_samples(self, nimgs: set[int]) -> None:
        """Remove every sample grid but those at `nimgs` images."""
        for nimg in set(self.sample_nimgs()) - nimgs:
            self.storage.delete(f"samples/{nimg:08d}.png")

    def read_copies(self) -> list[MemberCopy]:
        """pbt.jsonl: the copies that this trial of a population has become, in order."""
        return read_records(self.storage, "pbt.jsonl", MemberCopy)

    def write_copies(self, copies: Sequence[MemberCopy]) -> None:
        """Replace pbt.jsonl."""
        self.storage.write_text("pbt.jsonl", "".join(c.model_dump_json() + "\n" for c in copies))

    def snapshot_nimgs(self) -> list[int]:
        """Numbers of images with a snapshot of the EMA generator, ascending."""
        return _numbers(self.storage, "snapshots")

    def read_snapshot(self, cur_nimg: int) -> bytes:
        """The EMA generator at `cur_nimg` images, in safetensors format."""
        return self.storage.read_bytes(f"snapshots/{cur_nimg:08d}.safetensors")

    def snapshot_location(self, cur_nimg: int) -> str:
        """The location of the EMA generator's file at `cur_nimg` images."""
        return self.storage.child(f"snapshots/{cur_nimg:08d}.safetensors").location

    def write_snapshot(self, cur_nimg: int, content: bytes) -> None:
        """Write the EMA generator at `cur_nimg` images."""
        self.storage.write_bytes(f"snapshots/{cur_nimg:08d}.safetensors", content)

    def write_average(self, half_life: str, content: bytes) -> None:
        """Write the last weights of a further average of the generator, by its half-life in kimg such as `100`."""
        self.storage.write_bytes(f"averages/ema_{half_life}_kimg.safetensors", content)

    def keep_snapshots(self, nimgs: set[int]) -> None:
        """Remove every snapshot but those at `nimgs` images."""
        for nimg in set(self.snapshot_nimgs()) - nimgs:
            self.storage.delete(f"snapshots/{nimg:08d}.safetensors")

    def checkpoint_nimgs(self) -> list[int]:
        """Numbers of images with a checkpoint, ascending."""
        return _numbers(self.storage, "checkpoints")

    def checkpoint_location(self, cur_nimg: int) -> str:
        """The location of the checkpoint at `cur_nimg` images."""
        return self.storage.child(f"checkpoints/{cur_nimg:08d}.pt").location

    def read_checkpoint(self, cur_nimg: int) -> bytes:
        """The checkpoint at `cur_nimg` images."""
        return self.storage.read_bytes(f"checkpoints/{cur_nimg:08d}.pt")

    def add_checkpoint(self, cur_nimg: int, content: bytes, kept_nimgs: Set[int | None] = frozenset()) -> None:
        """Write the checkpoint at `cur_nimg` images, then remove the others except those at `kept_nimgs` and the one
        before it, from which the trial resumes if this one gets damaged."""
        self.storage.write_bytes(f"checkpoints/{cur_nimg:08d}.pt", content)
        before = [nimg for nimg in self.checkpoint_nimgs() if nimg < cur_nimg]
        self.delete_checkpoints({cur_nimg, *before[-1:], *kept_nimgs})

    def delete_checkpoints(self, kept_nimgs: Set[int | None] = frozenset()) -> None:
        """Remove every checkpoint but those at `kept_nimgs` images."""
        for nimg in self.checkpoint_nimgs():
            if nimg not in kept_nimgs:
                self.storage.delete(f"checkpoints/{nimg:08d}.pt")


def _numbers(storage: Storage, folder: str) -> list[int]:
    stems = (name.split(".")[0] for name in storage.list_names(folder))
    return sorted(int(stem) for stem in stems if stem.isdecimal())
