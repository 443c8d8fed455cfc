"""A run folder and the folders of its trials: names of files, and typed reading and writing of each.

```
<run folder>/
  study.yaml  environment.json  study_status.json  optuna.db  report.html  summary.json  trials.csv
  decisions.json  extensions.json  study_as_trained.yaml  study_before_extension_<number>.yaml  importance.json
  preparation.txt (until the first trial)
  objective/objective.json  objective/<extractor's files>  trackers/<tracker>/<its files>
  population/<arm>.jsonl  refine/<arm>.json  code/<file>.py
  arms/<arm>/<trial>/config.json  status.json  metrics.jsonl  diagnosis.json  final_scores.json  heard.json
                     pbt.jsonl
                     samples/<images>.png  samples/neighbours.png  samples/interpolation.png  samples/timeline.webp
                     snapshots/<images>.safetensors  checkpoints/<images>.pt
```
`<images>` is the number of images seen, eight digits with leading zeros.
"""

from collections.abc import Sequence

from gan_study.errors import InputError, StorageError
from gan_study.runs.record_files import read_record, read_records
from gan_study.runs.records.decisions import DecisionsRecord
from gan_study.runs.records.environment import Environment
from gan_study.runs.records.extensions import ExtensionsRecord
from gan_study.runs.records.importance import ImportanceRecord
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.population import Generation
from gan_study.runs.records.refinement import RefinementRecord
from gan_study.runs.records.status import StudyStatus
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder


class RunFolder:
    """The folder of one study's run."""

    def __init__(self, location: str) -> None:
        self.storage = Storage(location)
        self.location = self.storage.location

    def is_a_run(self) -> bool:
        """True if a study has begun here."""
        return self.storage.exists("study.yaml")

    def require_run(self) -> None:
        """Raise InputError unless a study has begun here."""
        if not self.is_a_run():
            raise InputError(
                f"{self.location}: a run folder contains a study.yaml, but this one does not; "
                "give the folder that `gan_study run` printed"
            )

    def read_study_text(self) -> str:
        """study.yaml, the resolved study."""
        return self.storage.read_text("study.yaml")

    def write_study_text(self, text: str) -> None:
        """Write study.yaml."""
        self.storage.write_text("study.yaml", text)

    def read_trained_study(self) -> str | None:
        """study_as_trained.yaml: study.yaml as the last command that trained read it. None in folders of older
        versions."""
        try:
            return self.storage.read_text("study_as_trained.yaml")
        except FileNotFoundError:
            return None

    def write_trained_study(self, text: str) -> None:
        """Write study_as_trained.yaml, from which later commands notice edits of study.yaml."""
        self.storage.write_text("study_as_trained.yaml", text)

    def forget_study(self) -> None:
        """Remove the files that mark a study as begun, for a study of which nothing has begun."""
        for name in ("study.yaml", "study_as_trained.yaml", "study_status.json"):
            self.storage.delete(name)

    def read_code(self, file: str) -> str:
        """code/<file>: a file of the study's own code. Raises StorageError if it is not there."""
        try:
            return self.storage.read_text(f"code/{file}")
        except FileNotFoundError as error:
            raise StorageError(
                f"{self.location}/code/{file}: the run folder holds the code that its study brought, but this file is "
                "missing; copy it again from where the run was made"
            ) from error

    def write_code(self, file: str, text: str) -> None:
        """Write code/<file>."""
        self.storage.write_text(f"code/{file}", text)

    def read_importance(self) -> ImportanceRecord | None:
        """importance.json."""
        return read_record(self.storage, "importance.json", ImportanceRecord)

    def write_importance(self, importance: ImportanceRecord) -> None:
        """Write importance.json."""
        self.storage.write_text("importance.json", importance.model_dump_json(indent=2) + "\n")

    def read_decisions(self) -> DecisionsRecord:
        """decisions.json; without one, the record of a study that was never cut short."""
        return read_record(self.storage, "decisions.json", DecisionsRecord) or DecisionsRecord()

    def write_decisions(self, decisions: DecisionsRecord) -> None:
        """Write decisions.json."""
        self.storage.write_text("decisions.json", decisions.model_dump_json(indent=2) + "\n")

    def read_extensions(self) -> ExtensionsRecord:
        """extensions.json; without one, the record of a study that was never extended."""
        return read_record(self.storage, "extensions.json", ExtensionsRecord) or ExtensionsRecord()

    def write_extensions(self, extensions: ExtensionsRecord) -> None:
        """Write extensions.json."""
        self.storage.write_text("extensions.json", extensions.model_dump_json(indent=2) + "\n")

    def read_former_study(self, name: str) -> str:
        """The study before an extension, from the file that the extension's record names."""
        return self.storage.read_text(name)

    def write_former_study(self, name: str, text: str) -> None:
        """Keep the study as it was before an extension."""
        self.storage.write_text(name, text)

    def read_objective(self) -> ObjectiveRecord | None:
        """objective/objective.json."""
        return read_record(self.storage, "objective/objective.json", ObjectiveRecord)

    def write_objective(self, objective: ObjectiveRecord) -> None:
        """Write objective/objective.json."""
        self.storage.write_text("objective/objective.json", objective.model_dump_json(indent=2) + "\n")

    def read_preparation(self) -> str | None:
        """preparation.txt: the work before the first trial, and its progress."""
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
        return read_record(self.storage, "environment.json", Environment)

    def write_environment(self, environment: Environment) -> None:
        """Write environment.json."""
        self.storage.write_text("environment.json", environment.model_dump_json(indent=2) + "\n")

    def read_study_status(self) -> StudyStatus | None:
        """study_status.json."""
        return read_record(self.storage, "study_status.json", StudyStatus)

    def write_study_status(self, status: StudyStatus) -> None:
        """Write study_status.json."""
        self.storage.write_text("study_status.json", status.model_dump_json(indent=2) + "\n")

    def trackers(self) -> Storage:
        """The folder for files of TensorBoard, MLflow and W&B, which may not exist yet."""
        return self.storage.child("trackers")

    def read_generations(self, arm: str) -> list[Generation]:
        """population/<arm>.jsonl: the comparisons of a population, in order."""
        return read_records(self.storage, f"population/{arm}.jsonl", Generation)

    def write_generations(self, arm: str, generations: Sequence[Generation]) -> None:
        """Replace population/<arm>.jsonl."""
        self.storage.write_text(f"population/{arm}.jsonl", "".join(g.model_dump_json() + "\n" for g in generations))

    def read_refinement(self, arm: str) -> RefinementRecord | None:
        """refine/<arm>.json."""
        return read_record(self.storage, f"refine/{arm}.json", RefinementRecord)

    def write_refinement(self, arm: str, refinement: RefinementRecord) -> None:
        """Write refine/<arm>.json."""
        self.storage.write_text(f"refine/{arm}.json", refinement.model_dump_json(indent=2) + "\n")

    def arms(self) -> list[str]:
        """Names of the arms that have trials."""
        return self.storage.list_folders("arms")

    def trials(self, arm: str) -> list[str]:
        """Names of an arm's trials."""
        return self.storage.list_folders(f"arms/{arm}")

    def trials_without_config(self) -> list[str]:
        """Folders of trials that hold files but no config.json, such as `arms/wgan/search_003`.

        Empty folders do not count: a study leaves one if it is killed before it has written a trial's configuration.
        """
        places = (f"arms/{arm}/{name}" for arm in self.arms() for name in self.trials(arm))
        return [place for place in places if (names := self.storage.list_names(place)) and "config.json" not in names]

    def trial(self, arm: str, name: str) -> TrialFolder:
        """The folder of one trial, which may not exist yet. Raises InputError for a name that leads elsewhere."""
        for what, text in (("an arm", arm), ("a trial", name)):
            if "/" in text or "\\" in text or text in ("", ".", ".."):
                raise InputError(
                    f"{self.location}: the name of {what} is the name of a folder in it, but got name={text}; choose a "
                    "name of letters, digits, '_', '-' and '.'"
                )
        return TrialFolder(self.storage.child(f"arms/{arm}/{name}"), f"{arm}/{name}")
