"""Which room may import which, and which packages: read from the source, and seen in the processes that import them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gan_study

PACKAGE = Path(gan_study.__file__).parent
LEVELS = [
    {"errors"},
    {"config", "runs", "own_code"},
    {"gan", "data", "metrics", "diagnosis"},
    {"training", "extractors", "analysis"},
    {"evaluation"},
    {"search", "report"},
    {"workflow"},
    {"cli", "python"},
    {"__main__"},
]
"""Rooms import downwards only: nothing of their own level, nothing above."""
ALLOWED_BESIDE = {("runs", "config"), ("own_code", "config"), ("diagnosis", "metrics")}
ONLY_IN = {
    "ray": "gan_study/search/",
    "optuna": "gan_study/search/",
    "torch.distributed": "gan_study/training/distributed.py",
}
"""Packages that the named place alone imports, also inside functions."""
PRIVATE_OF_OTHERS = {
    "_repr_html_": "IPython",
    "_exit": "os",
    "_pruners": "optuna",
    "_trial_id": "optuna",
    "_compute_acquisition_func": "optuna",
}
"""Private names of other packages that a test may use, since there is no public one."""
PUBLIC_ROOMS = ["errors", "python", "workflow"]
"""Rooms with public names, which gan_study/__init__.py offers."""
LIGHT_ROOMS = ["errors", "config", "runs", "own_code", "analysis", "report"]
HEAVY = ["torch", "ray", "optuna"]
"""Packages that no light room imports, not even through other modules."""


def imports(path: Path, parents: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line and full name of all that a file imports, anywhere in it; `parents` are the packages it lies in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Relative names count from the packages around the file.
            start = parents[: len(parents) - node.level + 1] if node.level else ()
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def level_of(room: str) -> int:
    return next(level for level, rooms in enumerate(LEVELS) if room in rooms)


def problem_of(place: str, room: str | None, name: str) -> str | None:
    """The rule that the file at `place`, in `room`, breaks by importing `name`; None if it breaks none."""
    for package, home in ONLY_IN.items():
        if f"{name}.".startswith(f"{package}.") and not place.startswith(home):
            return f"{package} is for {home} alone"
    top, *rest = name.split(".")
    if room in LIGHT_ROOMS and top in HEAVY:
        return f"{room} does without {top}"
    imported = rest[0] if top == "gan_study" and rest else None
    if imported in (None, "__version__", room):
        return None
    if room is None:
        return None if imported in PUBLIC_ROOMS else f"gan_study/__init__.py has no names of {imported}"
    if level_of(imported) < level_of(room) or (room, imported) in ALLOWED_BESIDE:
        return None
    return f"{room} does not stand above {imported}"


def broken_rules(package: Path) -> list[str]:
    """Every import in the files of a package (a folder named gan_study) that the rules do not allow."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).parts
        room = parts[1].removesuffix(".py")
        for line, name in imports(path, parts[:-1]):
            problem = problem_of("/".join(parts), None if room == "__init__" else room, name)
            if problem is not None:
                found.append(f"{'/'.join(parts)}:{line}: {name}: {problem}")
    return found


def circles(package: Path) -> list[str]:
    """Files of a package (a folder named gan_study) that import each other, directly or by way of others."""
    paths = {".".join(path.relative_to(package.parent).with_suffix("").parts): path for path in package.rglob("*.py")}
    imported = {
        name: {known for _, found in imports(path, tuple(name.split(".")[:-1])) for known in _files_of(found, paths)}
        for name, path in paths.items()
    }
    while leaves := [name for name, others in imported.items() if not others & imported.keys() - {name}]:
        for name in leaves:
            del imported[name]
    users = {name: {user for user in imported if name in imported[user]} for name in imported}
    while unused := [name for name, by in users.items() if not by & users.keys() - {name}]:
        for name in unused:
            del users[name]
    return sorted(users)


def _files_of(name: str, paths: dict[str, Path]) -> list[str]:
    """The file that an imported name is, or is in."""
    module = name.rpartition(".")[0]
    return [known for known in (name, module) if known in paths][:1]


def private_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each private name of another module that a test file imports, uses or replaces."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gan_study"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls", "super()"):
            names = [node.attr]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("setattr", "getattr", "object"):
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            names = [text.split(".")[-1] for text in texts if isinstance(text, str)]
        for name in names:
            if name.startswith("_") and not name.startswith("__") and name not in PRIVATE_OF_OTHERS:
                yield getattr(node, "lineno", 0), name


def modules_of(room: str) -> list[str]:
    """The names of a room's modules, which is a folder or one file."""
    paths = sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / f"{room}.py"]
    return [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths]


def brought_in(modules: list[str], packages: list[str], folder: Path | None = None) -> list[str]:
    """Which of `packages` are there after a new process, started in `folder`, has imported `modules`."""
    code = "; ".join(["import sys", *(f"import {name}" for name in modules), "print(*sys.modules)"])
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    return [package for package in packages if package in answer.stdout.split()]


def test_every_room_has_its_level() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert rooms - {"__init__", "__pycache__", "py"} <= set().union(*LEVELS)


def test_rooms_import_downwards_and_packages_stay_where_they_belong() -> None:
    assert broken_rules(PACKAGE) == []


def test_no_two_files_import_each_other() -> None:
    assert circles(PACKAGE) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "gan_study/runs").mkdir(parents=True)
    for name, source in (
        ("a", "from gan_study.runs.b import X\nfrom gan_study.runs.d import Y"),
        ("b", "def f():\n    from gan_study.runs import c"),
        ("c", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gan_study.runs.a import X"),
        ("d", "import gan_study.errors"),
        ("e", "from gan_study.runs.a import X"),
    ):
        (tmp_path / f"gan_study/runs/{name}.py").write_text(source + "\n")
    assert circles(tmp_path / "gan_study") == ["gan_study.runs.a", "gan_study.runs.b", "gan_study.runs.c"]


def test_tests_reach_for_no_private_name() -> None:
    tests = Path(__file__).parent
    assert [
        f"{path.relative_to(tests)}:{line}: {name}"
        for path in sorted(tests.rglob("*.py"))
        for line, name in private_names(ast.parse(path.read_text()))
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "from gan_study.training.loop import _step",
        "from gan_study._room import step",
        "loop._step()",
        'monkeypatch.setattr(loop, "_step", None)',
        'monkeypatch.setattr("gan_study.training.loop._step", None)',
        'patch.object(loop, "_step")',
    ],
)
def test_a_private_name_is_found(source: str) -> None:
    assert len(list(private_names(ast.parse(source)))) == 1
    assert list(private_names(ast.parse(source.replace("_step", "step").replace("_room", "room")))) == []


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_light_rooms_bring_in_nothing_heavy(room: str) -> None:
    modules = modules_of(room)
    assert len(modules) == 1 or len(modules) > 2
    assert brought_in(modules, HEAVY) == []


def test_training_brings_in_no_scheduler_and_no_plots() -> None:
    assert brought_in(modules_of("training"), ["ray", "optuna", "plotly"]) == []


def test_the_command_line_waits_for_nothing_that_its_verb_does_not_use() -> None:
    assert brought_in(["gan_study.cli.main"], [*HEAVY, "plotly", "sklearn", "pyarrow"]) == []


def test_a_process_waits_only_for_packages_that_it_surely_uses() -> None:
    slow = ["sklearn", "scipy.stats", "scipy.special", "pandas"]
    assert brought_in(["gan_study.search.run", "gan_study.cli.run"], ["torch", "ray.tune", *slow]) == []
    assert brought_in(["gan_study.workflow.run_folder"], ["torch", *slow]) == []
    assert brought_in(["gan_study.workflow.data_files"], ["torch", "torchvision", *slow]) == []
    assert brought_in(["gan_study.search.trials.begin_trial"], slow) == []
    assert brought_in(["gan_study.search.worker_process"], ["torch", "ray.tune", "gan_study.config", *slow]) == []


def test_a_search_brings_in_torch_only_with_gp() -> None:
    """Optuna's Gaussian process is made of torch: a study that chooses it waits for the import, no other does."""
    code = """
import sys
from gan_study.config.arms.arm import Arm
from gan_study.config.study import StudyConfig
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage
for sampler in ("random", "tpe", "cmaes", "sobol", "gp"):
    study = StudyConfig.model_validate({
        "name": "s", "dataset": {"name": "digits"}, "arms": {"a": {"network": "mlp", "loss": "hinge"}},
        "budget": {"trials_per_arm": 9, "total_kimg": 1, "evaluate_every_kimg": 1},
        "search_space": {"g_lr": {"log_uniform": [1e-4, 1e-2]}}, "search": {"sampler": sampler},
    })
    search = ArmSearch(Arm(study, "a"), SearchStorage(), 100.0)
    for index in range(5):
        search.draw_configuration(index)
        search.close_trial(index, TrialState.COMPLETED, 1.0 + index)
    print(sampler, "torch" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    expected = ["random False", "tpe False", "cmaes False", "sobol False", "gp True"]
    assert answer.stdout.splitlines() == expected, answer.stderr


@pytest.mark.parametrize(
    ("place", "source", "found"),
    [
        ("config/a.py", "import gan_study.errors\nimport gan_study.runs.folder", "2: gan_study.runs.folder"),
        ("gan/a.py", "from gan_study.data import sampler", "1: gan_study.data.sampler"),
        ("gan/networks/a.py", "from gan_study import cli", "1: gan_study.cli"),
        ("gan/networks/a.py", "from ...search import run", "1: gan_study.search.run"),
        ("report/a.py", "from ..search.run import x", "1: gan_study.search.run.x"),
        ("errors.py", "def f():\n    from gan_study.config.base import X", "2: gan_study.config.base.X"),
        ("__init__.py", "from .config.base import X", "1: gan_study.config.base.X"),
        ("analysis/a.py", "def f():\n    from torch import nn", "2: torch.nn"),
        ("cli/a.py", "def f():\n    import ray.tune", "2: ray.tune"),
        ("training/a.py", "import optuna as o", "1: optuna"),
        ("training/a.py", "from torch import distributed", "1: torch.distributed"),
        ("search/a.py", "import torch.distributed as dist", "1: torch.distributed"),
    ],
)
def test_a_bad_import_is_found(tmp_path: Path, place: str, source: str, found: str) -> None:
    path = tmp_path / "gan_study" / place
    path.parent.mkdir(parents=True)
    path.write_text(source + "\n")
    (problem,) = broken_rules(tmp_path / "gan_study")
    assert problem.startswith(f"gan_study/{place}:{found}: ")


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("runs/a.py", "from gan_study.config.training import X\nfrom .storage import Y\nimport raylib, numpy"),
        ("search/a.py", "import ray\nimport optuna.samplers\nfrom gan_study import __version__\nimport gan_study"),
        ("training/distributed.py", "import torch.distributed as dist"),
        ("cli/a.py", "from gan_study.search.run import x\nfrom gan_study.report.page import y"),
        ("__main__.py", "from gan_study.cli.main import main"),
    ],
)
def test_a_good_import_is_let_through(tmp_path: Path, place: str, source: str) -> None:
    path = tmp_path / "gan_study" / place
    path.parent.mkdir(parents=True)
    path.write_text(source + "\n")
    assert broken_rules(tmp_path / "gan_study") == []


def test_a_heavy_package_that_comes_in_by_a_detour_is_seen(tmp_path: Path) -> None:
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted/light.py").write_text("from planted import detour\n")
    (tmp_path / "planted/detour.py").write_text("import importlib\nimportlib.import_module('optuna')\n")
    assert brought_in(["planted.light"], HEAVY, tmp_path) == ["optuna"]
