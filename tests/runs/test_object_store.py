"""Differences between a run folder on an object store and one on a disk; for what they share see test_storage.py."""

from pathlib import Path

import pytest
from support.s3_server import ObjectStore

from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.storage import Storage
from gan_study.search.trackers.trackers import tracker_files


def test_objects_have_the_names_of_the_files(object_store: ObjectStore) -> None:
    folder = RunFolder(object_store.uri("bucket/runs/study"))
    folder.write_study_text("name: x\n")
    folder.trial("lsgan", "search_000").write_samples(1000, b"png")
    assert object_store.objects == {
        "runs/study/study.yaml": b"name: x\n",
        "runs/study/arms/lsgan/search_000/samples/00001000.png": b"png",
    }
    assert (folder.arms(), folder.trials("lsgan")) == (["lsgan"], ["search_000"])


def test_an_upload_that_fails_leaves_the_older_object(object_store: ObjectStore) -> None:
    storage = Storage(object_store.uri("bucket/run"))
    storage.write_bytes("a/checkpoint.pt", b"old")
    object_store.broken = True
    # One part, and several: arrow cuts what is larger than 10 MiB.
    for size in (10, 11 * 2**20):
        with pytest.raises(StorageError) as caught:
            storage.write_bytes("a/checkpoint.pt", bytes(size))
        place = object_store.uri("bucket/run/a/checkpoint.pt")
        assert str(caught.value).startswith(f"{place}: the object store denies access (")
        assert "ACCESS_DENIED" in str(caught.value)
        assert str(caught.value).endswith(" and their rights on the bucket")
    assert storage.read_bytes("a/checkpoint.pt") == b"old"
    assert storage.list_names("a") == ["checkpoint.pt"]


def test_a_large_object_is_read_in_one_request(object_store: ObjectStore) -> None:
    storage, content = Storage(object_store.uri("bucket/run")), bytes(range(256)) * 4096
    storage.write_bytes("snapshot", content)
    object_store.num_reads = 0
    assert storage.read_bytes("snapshot") == content
    assert object_store.num_reads == 1


def test_snapshots_and_checkpoints_are_pruned(object_store: ObjectStore) -> None:
    trial = RunFolder(object_store.uri("bucket/run")).trial("arm", "trial")
    for nimg in (0, 500, 1000):
        trial.write_snapshot(nimg, b"weights")
        trial.add_checkpoint(nimg, b"state")
    trial.keep_snapshots({0, 1000})
    assert trial.snapshot_nimgs() == [0, 1000]
    assert trial.checkpoint_nimgs() == [500, 1000]
    trial.delete_checkpoints()
    assert trial.checkpoint_nimgs() == []


def test_a_folder_goes_there_and_back(object_store: ObjectStore, tmp_path: Path) -> None:
    storage = Storage(object_store.uri("bucket/run/trackers"))
    (tmp_path / "new/a/b").mkdir(parents=True)
    storage.download(tmp_path / "new")  # nothing is there yet
    (tmp_path / "new/a/b/one").write_bytes(b"1")
    (tmp_path / "new/two").write_bytes(b"2")
    storage.upload(tmp_path / "new")
    assert (storage.read_bytes("a/b/one"), storage.read_bytes("two")) == (b"1", b"2")
    (tmp_path / "new/two").write_bytes(b"3")
    storage.upload(tmp_path / "new")
    (tmp_path / "again").mkdir()
    storage.download(tmp_path / "again")
    assert (tmp_path / "again/a/b/one").read_bytes() == b"1"
    assert (tmp_path / "again/two").read_bytes() == b"3"


def test_trackers_write_to_a_copy(object_store: ObjectStore) -> None:
    folder = RunFolder(object_store.uri("bucket/run"))
    for number in (1, 2):
        with tracker_files(folder) as files:
            assert len(list(files.rglob("run*"))) == number - 1, "what an earlier command wrote"
            (files / "tensorboard/arm").mkdir(parents=True, exist_ok=True)
            (files / f"tensorboard/arm/run{number}").write_text("events")
        assert not files.exists()
    assert folder.trackers().list_names("tensorboard/arm") == ["run1", "run2"]
