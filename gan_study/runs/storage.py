"""Files of a run folder on a local disk or an object store (`s3://`, `gs://`), through one interface.

Every write is atomic: a reader sees the old file or the new one, never a part of it, even after a crash or on a full
disk. A local write uses a temporary file and a rename; an object store replaces whole objects by itself. If an object
store does not answer, each operation waits for it (`runs.outage`).
"""

import copy
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from pyarrow import fs

from gan_study.errors import StorageError, require_utf8
from gan_study.runs.outage import note_answer, wait_out
from gan_study.runs.s3_object import S3Object
from gan_study.runs.secrets import refuse_secrets
from gan_study.runs.storage_errors import explained, no_such_bucket
from gan_study.runs.stores import open_store

_T = TypeVar("_T")


class Storage:
    """A folder, given as a local path or a URI. Names inside it are relative, with `/`.

    Raises InputError for a URI with credentials in it and for a path that is not in UTF-8, StorageError for one that
    cannot be used.
    """

    def __init__(self, location: str | Path) -> None:
        text = os.fspath(location)
        require_utf8(text, "a run folder")
        self.is_local = "://" not in text or text.startswith("file://")
        if self.is_local:
            path = _local_path(text) if text.startswith("file://") else text
            root = Path(path).expanduser().absolute()
            self._filesystem: fs.FileSystem = fs.LocalFileSystem()
            self.location = self._root = str(root)
        else:
            refuse_secrets(text)
            if "#" in text:
                raise StorageError(
                    f"{text}: a location in an object store must not contain a bare #, which ends the path "
                    "of a URI; write %23 for it, or choose another name"
                )
            try:
                self._filesystem, self._root = wait_out(text, lambda: open_store(text))
            except (ValueError, OSError) as error:
                raise StorageError(
                    f"{text}: the place cannot be used ({error}); give a local path or an s3:// URI"
                ) from error
            self.location = text

    def child(self, name: str) -> "Storage":
        """The folder `name` inside this one."""
        inside = copy.copy(self)
        inside._root, inside.location = f"{self._root}/{name}", _place(self.location, name)
        return inside

    def above(self, num_levels: int) -> "Storage":
        """The folder so many levels above this one."""
        above = copy.copy(self)
        # The query of a URI stays at the end.
        path, mark, query = self.location.partition("?") if "://" in self.location else (self.location, "", "")
        above._root = self._root.rsplit("/", num_levels)[0]
        above.location = f"{path.rsplit('/', num_levels)[0]}{mark}{query}"
        return above

    def local_path(self, name: str) -> Path:
        """The path of `name` on this machine's disk. Only for a local folder."""
        assert self.is_local, f"{self.location} is not on a local disk"
        return Path(self._root) / name

    def exists(self, name: str = "") -> bool:
        """Return True if the file or folder exists. A folder of an object store exists if it holds anything."""
        return bool(self._try(name, lambda: self._info(self._path(name))).type != fs.FileType.NotFound)

    def require_bucket(self) -> None:
        """Raise StorageError if the folder is in an object store whose bucket does not exist. All folders of such a
        bucket look empty."""
        if self.is_local:
            return
        bucket = self._root.partition("/")[0]
        if self._try("", lambda: self._info(bucket)).type == fs.FileType.NotFound:
            raise no_such_bucket(self.location)

    def list_names(self, name: str = "") -> list[str]:
        """Sorted names in a folder, without hidden files (such as temporary ones); empty if there is no folder."""
        return [info.base_name for info in self._list(name)]

    def list_folders(self, name: str = "") -> list[str]:
        """Sorted names of the folders in a folder, without files and hidden folders."""
        return [info.base_name for info in self._list(name) if info.type == fs.FileType.Directory]

    def read_bytes(self, name: str) -> bytes:
        """The content of a file. Raises FileNotFoundError if there is none."""

        def read() -> bytes:
            # With a known size, read() is one request; for a stream it would be one for every 16 KiB.
            with self._filesystem.open_input_file(self._path(name)) as file:
                return bytes(file.read())

        return self._try(name, read, may_be_missing=True)

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, with the folders above it. Raises StorageError."""

        def write() -> None:
            if self.is_local:
                self._replace_locally(Path(self._path(name)), content)
            else:
                with self._filesystem.open_output_stream(self._path(name)) as stream:
                    stream.write(content)

        self._try(name, write)

    def read_text(self, name: str) -> str:
        """The content of a UTF-8 file. Raises FileNotFoundError if there is none, StorageError if it is another."""
        content = self.read_bytes(name)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise StorageError(
                f"{_place(self.location, name)}:{line}: the text must be UTF-8, but got the byte "
                f"0x{content[error.start]:02x}, so the file is damaged; copy it again from where the run was made"
            ) from error

    def write_text(self, name: str, content: str) -> None:
        """Write a UTF-8 file whole or not at all. Raises StorageError."""
        self.write_bytes(name, content.encode())

    def delete(self, name: str) -> None:
        """Remove a file if it exists."""
        with suppress(FileNotFoundError):
            self._try(name, lambda: self._filesystem.delete_file(self._path(name)), may_be_missing=True)

    def delete_folder(self, name: str) -> None:
        """Remove a folder with all its content, if it exists."""
        with suppress(FileNotFoundError):
            self._try(name, lambda: self._filesystem.delete_dir(self._path(name)), may_be_missing=True)

    def s3_object(self, name: str) -> S3Object | None:
        """Return a file for conditional writes; None if the store does not speak S3. Raises ImportError without
        boto3."""
        if not isinstance(self._filesystem, fs.S3FileSystem):
            return None
        return S3Object(self._filesystem, self._path(name))

    def download(self, folder: Path) -> None:
        """Copy everything in this folder to a folder on this machine's disk. Raises StorageError."""
        if self.exists():
            self._try("", lambda: fs.copy_files(self._root, str(folder), source_filesystem=self._filesystem))

    def upload(self, folder: Path) -> None:
        """Copy everything in a folder on this machine's disk to this folder, replacing files of the same names. Raises
        StorageError."""
        self._try("", lambda: fs.copy_files(str(folder), self._root, destination_filesystem=self._filesystem))

    def _list(self, name: str) -> list[fs.FileInfo]:
        selector = fs.FileSelector(self._path(name), allow_not_found=True)
        found = self._try(name, lambda: self._filesystem.get_file_info(selector))
        return sorted(
            (info for info in found if not info.base_name.startswith(".")), key=lambda info: str(info.base_name)
        )

    def _info(self, path: str) -> fs.FileInfo:
        return self._filesystem.get_file_info(path)

    def _try(self, name: str, operation: Callable[[], _T], may_be_missing: bool = False) -> _T:
        """Return the result of an operation on a file. An object store that does not answer is waited for.

        Raises StorageError in place of the operating system's errors; FileNotFoundError if the file may be missing.
        """
        with explained(_place(self.location, name), may_be_missing):
            if self.is_local:
                return operation()
            try:
                result = wait_out(self.location, operation)
            except FileNotFoundError:
                note_answer(self.location)
                raise
            note_answer(self.location)
            return result

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    @staticmethod
    def _replace_locally(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex[:8]}-{path.name}")
        try:
            with temporary.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


_TEMPORARY = ".writing-"


def _local_path(uri: str) -> str:
    """The path of a `file://` URI. A bare # or ?, as in a URI written by hand, belongs to the path."""
    host, slash, path = uri.removeprefix("file://").partition("/")
    if not slash or host not in ("", "localhost"):
        raise StorageError(
            f"{uri}: a file:// URI must hold an absolute path, as in file:///home/me/runs; add the slash"
        )
    return unquote(f"/{path}")


def _place(location: str, name: str) -> str:
    """The location of `name` for a reader. The query of a URI stays at the end."""
    if not name:
        return location
    base, mark, query = location.partition("?") if "://" in location else (location, "", "")
    return f"{base.rstrip('/')}/{name}{mark}{query}"
