"""The documents: README is short, every command and study file in them is valid, and all links lead somewhere."""

import io
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import BaseModel
from rich.console import Console
from support.synthetic_run import COMPLETED, Outcome, write_synthetic_run
from test_imports import LEVELS

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.analysis.trial_verdicts import WORDS
from gan_study.cli.main import app
from gan_study.cli.terminal.outcome import print_summary
from gan_study.config.hyperparameters import HYPERPARAMETERS
from gan_study.config.names import DATASETS, LOSSES, NETWORKS, OPTIMIZERS, PENALTIES, TRACKERS
from gan_study.config.own.parts import CodeFile
from gan_study.config.reading.load import load_study
from gan_study.config.reading.trial_file import load_trial
from gan_study.config.study import StudyConfig
from gan_study.config.thresholds import Thresholds
from gan_study.errors import InputError
from gan_study.runs.records.status import TrialState

ROOT = Path(__file__).parents[1]
GUIDE = "studies/README.md"
DOCUMENTS = ["README.md", GUIDE, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "tests/benchmarks/README.md"]
CLUSTERS = ["cluster.yaml", "tests/cluster/own_machines.yaml"]
NEEDS_A_CLUSTER = "# These commands need a cluster."
ON_THIS_MACHINE = {"bash", "mypy", "pip", "pytest", "python", "ruff", "torchrun"}
"""Programs that a block of commands may call without the mark above."""
BASE: dict[str, Any] = {
    "name": "base",
    "dataset": {"name": "digits", "image_size": 16},
    "budget": {"trials_per_arm": 8, "total_kimg": 90},
    "arms": {"base": {"loss": "hinge", "network": "dcgan"}},
}
"""The rest of a study file around a part of it."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    place: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Its lines, continued ones joined."""
        return self.text.replace("\\\n", "").splitlines()


def blocks(*languages: str) -> list[Block]:
    found = []
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            place = f"{document}:{text[: match.start()].count(chr(10)) + 2}"
            found.append(Block(place, match[1], match[2]))
    return [block for block in found if block.language in languages]


def cluster_head(name: str) -> Block:
    """The commands in the comments at the head of a cluster's file."""
    lines = (ROOT / name).read_text().splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return Block(name, "bash", "\n".join(line.removeprefix("#   ") for line in head if line.startswith("#   ")))


def calls(line: str) -> Iterator[list[str]]:
    """The words after `python -m gan_study` in a line of a shell, also in a command within quotes."""
    words = shlex.split(line, comments=True)
    for word in words:
        if "-m gan_study " in word:
            yield from calls(word.rpartition("&&")[2])
    if "gan_study" in words and words[words.index("gan_study") - 1] == "-m":
        yield words[words.index("gan_study") + 1 :]


def all_calls() -> list[tuple[str, list[str]]]:
    """Every call of gan_study in a document, in a block or within a sentence, with its place."""
    lines = [(block.place, line) for block in [*blocks("bash"), *map(cluster_head, CLUSTERS)] for line in block.lines]
    for document in DOCUMENTS:
        lines += [
            (document, span)
            for span in re.findall(r"`(python -m gan_study \w+ [^`<]+)`", (ROOT / document).read_text())
        ]
    return [(place, call) for place, line in lines if "-m gan_study " in line for call in calls(line)]


CALLS = all_calls()
STUDIES = [block for block in blocks("yaml") if re.search(r"^name: ", block.text, re.MULTILINE)]
TRAININGS = [block for block in blocks("yaml") if block.text.startswith("training:")]
PARTS = [block for block in blocks("yaml") if block not in STUDIES and block not in TRAININGS]


def parse(call: list[str]) -> tuple[str, dict[str, Any]]:
    """A call's verb and parameters, as the command line reads them."""
    group: Any = typer.main.get_command(app)
    verb, *arguments = call
    assert verb in group.commands, f"unknown command {verb}"
    with group.commands[verb].make_context(verb, list(arguments)) as context:
        return verb, context.params


def named_study(name: str, document: str, folder: Path) -> Path:
    """A study that a document calls `<name>.yaml` or `runs/<name>`: a shipped one, or one that it shows."""
    shipped = ROOT / "studies" / f"{name}.yaml"
    if shipped.exists():
        return shipped
    shown = [b for b in STUDIES if b.place.startswith(document) and f"\nname: {name}" in f"\n{b.text}"]
    assert shown, f"{document} shows no study with the name {name}"
    path = folder / f"{name}.yaml"
    path.write_text(shown[0].text)
    return path


def test_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 180
    assert len(text.split()) <= 1800


@pytest.mark.parametrize(("place", "call"), CALLS, ids=[" ".join(call)[:60] for _, call in CALLS])
def test_a_command_is_valid(place: str, call: list[str], tmp_path: Path) -> None:
    verb, parameters = parse(call)
    document = place.partition(":")[0]
    if verb in ("run", "plan"):
        study = parameters["study_file"]
        path = ROOT / study if study.startswith("studies/") else named_study(Path(study).stem, document, tmp_path)
        load_study(path, parameters["overrides"])
    elif verb == "extend":
        load_study(named_study(Path(parameters["run_folder"]).name, document, tmp_path), parameters["overrides"])
    elif verb == "train":
        assert len(TRAININGS) > 0


def test_the_look_at_commands_can_fail(tmp_path: Path) -> None:
    (call,) = calls(
        'ray exec cluster.yaml "cd here && python -m gan_study run studies/smoke.yaml --set confirm.seed=1"'
    )
    assert call == ["run", "studies/smoke.yaml", "--set", "confirm.seed=1"]
    with pytest.raises(InputError, match="unknown key 'seed'"):
        test_a_command_is_valid("README.md:1", call, tmp_path)
    with pytest.raises(AssertionError, match="unknown command"):
        parse(["sweep"])
    with pytest.raises(Exception, match="--fast"):
        parse(["plan", "--fast", "x.yaml"])


@pytest.mark.parametrize("block", blocks("bash"), ids=lambda block: block.place)
def test_commands_for_other_machines_are_marked(block: Block) -> None:
    programs = {words[0] for line in block.lines if (words := shlex.split(line, comments=True))}
    others = programs - ON_THIS_MACHINE
    assert (others != set() or "--address" in block.text) == (NEEDS_A_CLUSTER in block.text), others


def test_every_command_is_shown() -> None:
    group: Any = typer.main.get_command(app)
    table = (ROOT / "README.md").read_text()
    assert [verb for verb in group.commands if f"\n| `{verb} " not in table] == []
    assert {call[0] for place, call in CALLS if place.startswith(GUIDE)} == set(group.commands)


def test_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {name for d in DOCUMENTS for name in re.findall(r"(?:gan_study|\.)\[(\w+)\]", (ROOT / d).read_text())}
    assert named != set()
    assert named <= set(extras)


@pytest.mark.parametrize("block", [*STUDIES, *PARTS], ids=lambda block: block.place)
def test_a_study_file_or_a_part_of_one_is_valid(block: Block, tmp_path: Path) -> None:
    part = yaml.safe_load(block.text)
    around = {key: value for key, value in BASE.items() if key not in part and block not in STUDIES}
    if "loss" in part.get("search_space", {}):
        around["arms"] = {"searched": {}}
    shutil.copy(ROOT / "studies" / "own_gan.py", tmp_path)
    path = tmp_path / "study.yaml"
    path.write_text(block.text + (yaml.safe_dump(around) if around else ""))
    load_study(path)


@pytest.mark.parametrize("block", TRAININGS, ids=lambda block: block.place)
def test_a_training_is_valid(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "training.yaml"
    path.write_text(block.text)
    load_trial(path)


def test_the_example_of_an_error_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / GUIDE).read_text()
    (shown,) = re.findall(r"^error: (.*)$", guide, re.MULTILINE)
    path = named_study("letters", GUIDE, tmp_path)
    path.write_text(path.read_text().replace("loss: hinge", "loss: hing"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load_study("letters.yaml")
    assert str(caught.value) == shown


def test_the_output_in_readme_is_what_is_printed(tmp_path: Path) -> None:
    """A run with the scores of README's table comes to the same sentences; other numbers in them are not compared."""
    (shown,) = [block for block in blocks("") if "\narm " in block.text]
    confirm = {
        arm: tuple(Outcome(COMPLETED, float(score.replace(",", ""))) for score in cells)
        for arm, cells in shown_cells(shown, "confirmed", "by the best").items()
    }
    summary = summarise(load_run(write_synthetic_run(str(tmp_path), confirm=confirm)))
    stream = io.StringIO()
    print_summary(Console(file=stream, width=200), summary)
    printed = stream.getvalue().splitlines()
    assert set(printed[0].split()) <= set(" ".join(shown.lines[:2]).split())
    text = " ".join(shown.text.split())
    verdict = printed.index(summary.verdict)
    for line in printed[verdict : verdict + 2]:
        assert line in text
    (score,) = [line for line in printed if line.startswith("Score: ")]
    assert masked(score) in masked(text)


def shown_cells(block: Block, name: str, following: str) -> dict[str, list[str]]:
    """The words in one column of a table whose cells are folded, by arm: the column between two names in its head."""
    head, _, *rows = block.lines
    start, end = head.index(name), head.index(following)
    found: dict[str, list[str]] = {}
    for row in rows[: next(i for i, line in enumerate(rows) if line.startswith("Score: "))]:
        arm = list(found)[-1] if row[0] == " " else row.split()[0]
        found.setdefault(arm, []).extend(row[start:end].split())
    return found


def masked(text: str) -> str:
    """A text without its numbers and hashes."""
    return re.sub(r"@[0-9a-f]{8}|[\d,.]*\d", "#", text)


def fields(model: type[BaseModel]) -> set[str]:
    """The names of all settings in a model and those below it, without the thresholds of findings."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for part in _models_in(field.annotation):
            found |= fields(part) if part is not Thresholds else set()
    return found


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def test_the_guide_names_all_there_is() -> None:
    guide = (ROOT / GUIDE).read_text()
    code = {word for span in re.findall(r"`([^`\n]+)`", guide) for word in re.findall(r"[\w.+]+", span)}
    code |= {word for block in blocks("yaml") for word in re.findall(r"[\w.]+", block.text)}
    names = {*LOSSES, *PENALTIES, *NETWORKS, *OPTIMIZERS, *DATASETS, *TRACKERS, *(state.value for state in TrialState)}
    names |= {part for name in HYPERPARAMETERS for part in name.split(".")} | fields(StudyConfig)
    names -= fields(CodeFile)  # which a run folder's study holds in place of a file's name
    names |= {path.name for path in (ROOT / "studies").glob("*.yaml")}
    assert names - code == set()
    assert [word for word in WORDS if f"\n| {word} |" not in guide] == []


def test_contributing_names_the_rooms_and_files_that_there_are() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## Rooms")[2]
    rooms = {(int(level), room) for level, room in re.findall(r"^\| (\d) \| `(\w+)`", text, re.MULTILINE)}
    assert rooms == {(level, room) for level, rooms in enumerate(LEVELS) for room in rooms if room != "__main__"}
    for path in re.findall(r"`([\w./]+(?:\.\w+|/))`", text):
        assert (ROOT / path).exists() or (ROOT / "gan_study" / path).exists() or path == "__init__.py", path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_of_the_checkout_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    for path in re.findall(r"(?<![\w/.<>-])(?:gan_study|studies|tests)/[\w./]*\w", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            linked = (path.parent / name) if name else path
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


RANDOM = re.compile(
    r"manual_seed\(|default_rng\(|random\.Random\(|random_state=|SeedSequence\(|OwnRandomness\(\w|_seed\(study"
    r"|Sampler\(seed="
)


def random_files(package: Path) -> list[str]:
    """The files of the package that make random numbers, by their path in it."""
    files = sorted(package.rglob("*.py"))
    return [file.relative_to(package).as_posix() for file in files if RANDOM.search(file.read_text())]


def test_every_source_of_random_numbers_is_listed() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Randomness")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    folders = tuple(name for name in listed if name.endswith("/"))
    missing = [path for path in random_files(ROOT / "gan_study") if path not in listed and not path.startswith(folders)]
    assert missing == []


def test_a_new_source_of_random_numbers_is_found(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("rng = np.random.default_rng(3)\n")
    (tmp_path / "other.py").write_text("rng = 3\n")
    assert random_files(tmp_path) == ["own.py"]
