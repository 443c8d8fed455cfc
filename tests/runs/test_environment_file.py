"""environment.json keeps earlier surroundings when a study continues elsewhere."""

from pathlib import Path

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment, Surroundings


def environment(commit: str, command: str = "gan_study run") -> Environment:
    return Environment(versions={"torch": "2.8"}, hosts=("2 cores",), commit=commit, command=command)


def commits(found: Environment) -> list[str | None]:
    return [each.commit for each in found.all]


def test_the_first_environment_has_none_before_it() -> None:
    assert environment("a").following(None) == environment("a")


def test_different_ones_are_kept_the_oldest_first() -> None:
    third = environment("c").following(environment("b").following(environment("a")))
    assert third.earlier == tuple(
        Surroundings(versions={"torch": "2.8"}, hosts=("2 cores",), commit=commit, command="gan_study run")
        for commit in ("a", "b")
    )
    assert (third.commit, commits(third)) == ("c", ["a", "b", "c"])


def test_equal_ones_are_not_repeated() -> None:
    first = environment("a")
    assert environment("a").following(first) == first
    second = environment("b").following(first)
    assert environment("b").following(second) == second
    assert commits(environment("a").following(second)) == ["b", "a"]
    # Another command is another environment: `run` says more than the `resume` after it.
    resumed = environment("a", "gan_study resume").following(first)
    assert [each.command for each in resumed.all] == ["gan_study run", "gan_study resume"]


def test_memory_that_was_free_makes_no_other_host(tmp_path: Path) -> None:
    found = []
    for gib in (22, 23):
        hosts = f'["2 CPUs, {gib} GiB, 0 GPUs", "8 CPUs, {gib} GiB, 0.5 GPUs (L4)", "my host, {gib} GiB"]'
        text = f'{{"versions": {{}}, "hosts": {hosts}, "commit": "a", "command": "run"}}'
        (tmp_path / "environment.json").write_text(text)
        found.append(RunFolder(str(tmp_path)).read_environment())
    first, second = found
    assert first is not None
    assert second is not None
    assert first.hosts == ("2 CPUs, 0 GPUs", "8 CPUs, 0.5 GPUs (L4)", "my host, 22 GiB")
    assert first.hosts[:2] == second.hosts[:2]


def test_a_file_of_a_version_that_kept_one_alone_is_read_and_kept(tmp_path: Path) -> None:
    old = '{"schema_version": 1, "versions": {"torch": "2.8"}, "hosts": ["2 cores"], "commit": "a", "command": "run"}'
    (tmp_path / "environment.json").write_text(old)
    folder = RunFolder(str(tmp_path))
    found = folder.read_environment()
    assert found == environment("a", "run")
    folder.write_environment(environment("b").following(found))
    assert (read := folder.read_environment()) is not None
    assert commits(read) == ["a", "b"]
