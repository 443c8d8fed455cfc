from pathlib import Path

import pytest

from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.search.shared_folder import MARK_NAME, refuse_unless_seen, sees_mark


def test_a_machine_sees_what_was_just_written(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    assert not sees_mark(folder.location, "1")
    folder.storage.write_text(MARK_NAME, "1")
    assert sees_mark(folder.location, "1")
    assert not sees_mark(folder.location, "2")  # a copy of the folder, or a rest of an earlier study
    assert not sees_mark(f"{tmp_path}/elsewhere", "1")


def test_a_folder_that_not_all_see_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    refuse_unless_seen(folder, {"head": True})
    with pytest.raises(InputError) as caught:
        refuse_unless_seen(folder, {"head": True, "worker-2": False, "worker-1": False})
    assert str(caught.value) == (
        f"--out: every machine of the cluster must see the run folder, but got {tmp_path}, which is not on worker-1, "
        "worker-2; give a folder that all of them mount, or an s3:// URI"
    )
