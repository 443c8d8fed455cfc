"""optuna.db is a copy of the search that stays in its place and costs the driver little."""

import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from support.scripted_world import World, make_study

from gan_study.config.training import TrialConfig
from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.sampling.optuna_file import OptunaFile


def score(config: TrialConfig, cur_nimg: int) -> float:
    return 100 + abs(config.training.g_lr - 2e-3) * 20 * cur_nimg


def make_world(place: Path, trials: int = 3, seed: int = 0) -> World:
    study = make_study(
        arms={"only": {"network": "dcgan", "loss": "least_squares"}},
        search={"scheduler": "asha", "sampler": "tpe", "startup_trials": 2, "seed": seed},
        budget={"trials_per_arm": trials, "total_kimg": 2, "evaluate_every_kimg": 1},
    )
    return World(study, RunFolder(str(place)), score, {("only", "search_001"): TrialState.DIVERGED}, 2)


def run_with_file(world: World, stop_after: int | None = None) -> Director:
    world.folder.storage.local_path("").mkdir(parents=True, exist_ok=True)
    with OptunaFile(world.folder) as file:
        make, world.make_director = world.make_director, lambda storage=None: make(file.storage)  # type: ignore[method-assign]
        try:
            director = world.run(stop_after=stop_after)
        finally:
            world.make_director = make  # type: ignore[method-assign]
    return director


def in_file(place: Path) -> list[FrozenTrial]:
    """The trials in a folder's file."""
    connect = {"creator": lambda: sqlite3.connect(place / "optuna.db", check_same_thread=False)}
    return optuna.load_study(study_name="scripted/only", storage=RDBStorage("sqlite://", engine_kwargs=connect)).trials


def assert_equal_copies(world: World) -> None:
    searched, copied = world.optuna_trials("only"), in_file(Path(world.folder.location))
    for field in ("number", "state", "values", "params", "distributions", "intermediate_values", "user_attrs"):
        assert [getattr(t, field) for t in copied] == [getattr(t, field) for t in searched]


def test_the_file_lies_in_the_run_folder_whatever_its_name(tmp_path: Path) -> None:
    """Names that differed only after a question mark once shared one file outside of both folders."""
    worlds = [make_world(tmp_path / f"lr=1e-3&50%20off{{SCHEMA_VERSION}}é#a@b:c?x={n}", seed=n) for n in (0, 1)]
    for world in worlds:
        run_with_file(world)
    assert {str(place) for place in tmp_path.iterdir()} == {world.folder.location for world in worlds}
    for world in worlds:
        assert_equal_copies(world)


def test_an_interrupted_and_extended_study_keeps_its_file(tmp_path: Path) -> None:
    """An open dashboard keeps reading the same file with the same studies and trials in it."""
    world = make_world(tmp_path)
    run_with_file(world, stop_after=3)
    path = tmp_path / "optuna.db"
    inode, before = path.stat().st_ino, in_file(tmp_path)
    assert any(t.state is optuna.trial.TrialState.RUNNING for t in before)
    world = make_world(tmp_path, trials=4)
    run_with_file(world)
    assert_equal_copies(world)
    assert path.stat().st_ino == inode
    assert [t._trial_id for t in in_file(tmp_path)[: len(before)]] == [t._trial_id for t in before]


def test_an_interruption_in_the_middle_of_a_write_ends_at_once(tmp_path: Path) -> None:
    """The open transaction locks the file, for which a second write would wait a minute."""
    world = make_world(tmp_path)
    inserts: list[str] = []

    def interrupt(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("INSERT INTO trial_params"):
            inserts.append(statement)
            raise KeyboardInterrupt

    def open_a_trial_and_write() -> None:
        with OptunaFile(world.folder) as file:
            director = world.make_director(file.storage)
            assert director.next_trial() is not None
            file.allow_writing()
            sqlalchemy.event.listen(sqlalchemy.engine.Engine, "before_cursor_execute", interrupt)
            file.write_changes()

    try:
        with pytest.raises(KeyboardInterrupt):
            open_a_trial_and_write()
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "before_cursor_execute", interrupt)
    assert len(inserts) == 1
    world = make_world(tmp_path)
    run_with_file(world)
    assert_equal_copies(world)


def test_many_trials_share_a_transaction(tmp_path: Path) -> None:
    """New trials, and those that have gone on since they were last written."""
    commits: list[object] = []

    def note(connection: object) -> None:
        commits.append(connection)

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "commit", note)
    try:
        with OptunaFile(RunFolder(str(tmp_path))) as file:
            study = optuna.create_study(study_name="scripted/only", storage=file.storage)
            trials = [study.ask({"x": optuna.distributions.FloatDistribution(0, 1)}) for _ in range(90)]
            commits.clear()
            file.allow_writing()
            file.write_changes()
            assert len(commits) < 10
            ids = [t._trial_id for t in in_file(tmp_path)]
            for number, trial in enumerate(trials):
                trial.report(float("inf") if number == 1 else number, step=1)
                trial.set_user_attr("number", number)
                if number:
                    study.tell(trial, float(number))
            commits.clear()
        assert len(commits) < 10
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "commit", note)
    copied = in_file(tmp_path)
    assert [t._trial_id for t in copied] == ids
    for field in ("number", "state", "values", "params", "intermediate_values", "user_attrs", "datetime_complete"):
        assert [getattr(t, field) for t in copied] == [getattr(t, field) for t in study.trials]


def test_a_finished_study_is_not_written_again(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    run_with_file(world)
    before = (tmp_path / "optuna.db").read_bytes()
    run_with_file(world)
    assert (tmp_path / "optuna.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no database at all, but a text of some length" * 50])
def test_a_file_that_cannot_be_read_is_written_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "optuna.db").write_bytes(content)
    world = make_world(tmp_path)
    run_with_file(world)
    assert_equal_copies(world)


@pytest.mark.parametrize("start", [100, 4096, 20_000])
def test_a_file_with_damaged_pages_is_written_anew(tmp_path: Path, start: int) -> None:
    """SQLite opens such a file, and finds the damage only when it reads on."""
    world = make_world(tmp_path)
    run_with_file(world)
    path = tmp_path / "optuna.db"
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"\xff" * (len(content) - start))
    run_with_file(world)
    assert_equal_copies(world)


def test_a_file_that_another_program_locks_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_study.search.sampling.optuna_file.LOCK_SEC", 0.1)
    world = make_world(tmp_path)
    run_with_file(world, stop_after=3)
    with closing(sqlite3.connect(tmp_path / "optuna.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        run_with_file(world)
    assert_equal_copies(world)


@pytest.mark.parametrize("is_released", [True, False])
def test_a_file_that_gets_locked_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_released: bool
) -> None:
    monkeypatch.setattr("gan_study.search.sampling.optuna_file.LOCK_SEC", 0.1)
    world = make_world(tmp_path)
    with closing(sqlite3.connect(tmp_path / "optuna.db", isolation_level=None)) as other:
        with (
            nullcontext() if is_released else pytest.raises(StorageError, match=r"optuna\.db: .*database is locked"),
            OptunaFile(world.folder) as file,
        ):
            world.make_director(file.storage).next_trial()
            other.execute("BEGIN EXCLUSIVE")
            file.allow_writing()
            file.write_changes()
            if is_released:
                other.execute("ROLLBACK")
        if is_released:
            assert len(in_file(tmp_path)) == 1
    run_with_file(world)
    assert_equal_copies(world)


def test_other_trials_in_the_file_are_replaced(tmp_path: Path) -> None:
    other, world = make_world(tmp_path / "other", seed=7), make_world(tmp_path / "mine")
    run_with_file(other)
    (tmp_path / "other").rename(tmp_path / "kept")
    (tmp_path / "mine").mkdir()
    (tmp_path / "kept" / "optuna.db").rename(tmp_path / "mine" / "optuna.db")
    run_with_file(world)
    assert_equal_copies(world)


def test_updates_are_written_while_the_study_runs_and_take_little_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("gan_study.search.sampling.optuna_file.time.monotonic", lambda: clock[0])
    with OptunaFile(RunFolder(str(tmp_path))) as file:
        study = optuna.create_study(study_name="scripted/only", storage=file.storage)
        study.add_trial(optuna.trial.create_trial(value=1.0))
        file.write_changes()  # not allowed yet: some trials may not have been replayed
        file.allow_writing()
        file.write_changes()
        study.add_trial(optuna.trial.create_trial(value=2.0))
        file.write_changes()
        assert [t.value for t in in_file(tmp_path)] == [1.0]
        clock[0] += 1
        file.write_changes()
        assert [t.value for t in in_file(tmp_path)] == [1.0, 2.0]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "optuna.db").mkdir()
    with pytest.raises(StorageError, match=r"optuna\.db: Optuna must be able to write this file, but got"):
        OptunaFile(RunFolder(str(tmp_path))).__enter__()
