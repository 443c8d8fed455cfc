"""Files of a run folder on a local disk or an object store (`s3://`, `gs://`), through one interface.

Every write is atomic: a reader sees the old file or the new one, never a part of it, even after a crash or on a full
disk. A local write uses a temporary file and a rename; an object store replaces whole objects by itself.
"""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from filelock import BaseFileLock, FileLock, Timeout
from pyarrow import fs

from gan_study.errors import StorageError, require_utf8
from gan_study.runs.secrets import refuse_secrets


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
                self._filesystem, self._root = fs.FileSystem.from_uri(text)
            except (ValueError, OSError) as error:
                raise StorageError(
                    f"{text}: the place cannot be used ({error}); give a local path or an s3:// URI"
                ) from error
            self.location = text

    def child(self, name: str) -> "Storage":
        """The folder `name` inside this one."""
        if self.is_local:
            return Storage(f"{self._root}/{name}")
        return Storage(_place(self.location, name))

    def local_path(self, name: str) -> Path:
        """The path of `name` on this machine's disk. Only for a local folder."""
        assert self.is_local, f"{self.location} is not on a local disk"
        return Path(self._root) / name

    def exists(self, name: str = "") -> bool:
        """Return True if the file or folder exists. A folder of an object store exists if it holds anything."""
        with _explained(self.location, name):
            return bool(self._filesystem.get_file_info(self._path(name)).type != fs.FileType.NotFound)

    def list_names(self, name: str = "") -> list[str]:
        """Sorted names in a folder, without hidden files (such as temporary ones); empty if there is no folder."""
        return [info.base_name for info in self._list(name)]

    def list_folders(self, name: str = "") -> list[str]:
        """Sorted names of the folders in a folder, without files and hidden folders."""
        return [info.base_name for info in self._list(name) if info.type == fs.FileType.Directory]

    def read_bytes(self, name: str) -> bytes:
        """The content of a file. Raises FileNotFoundError if there is none."""
        # With a known size, read() is one request; for a stream it would be one for every 16 KiB.
        explained = _explained(self.location, name, may_be_missing=True)
        with explained, self._filesystem.open_input_file(self._path(name)) as file:
            return bytes(file.read())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, with the folders above it. Raises StorageError."""
        with _explained(self.location, name):
            if self.is_local:
                self._replace_locally(Path(self._path(name)), content)
            else:
                with self._filesystem.open_output_stream(self._path(name)) as stream:
                    stream.write(content)

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
        with _explained(self.location, name), suppress(FileNotFoundError):
            self._filesystem.delete_file(self._path(name))

    def delete_folder(self, name: str) -> None:
        """Remove a folder with all its content, if it exists."""
        with _explained(self.location, name), suppress(FileNotFoundError):
            self._filesystem.delete_dir(self._path(name))

    def lock(self, name: str) -> BaseFileLock | None:
        """Lock a file, which is created for it, until it is released or the process ends in any way.

        None if another process holds the lock. Only for a local folder. Raises StorageError.
        """
        lock = FileLock(self.local_path(name))
        with _explained(self.location, ""):  # the file means nothing to the user
            self.local_path(name).parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                return None
        return lock

    def download(self, folder: Path) -> None:
        """Copy everything in this folder to a folder on this machine's disk. Raises StorageError."""
        if self.exists():
            with _explained(self.location, ""):
                fs.copy_files(self._root, str(folder), source_filesystem=self._filesystem)

    def upload(self, folder: Path) -> None:
        """Copy everything in a folder on this machine's disk to this folder, replacing files of the same names. Raises
        StorageError."""
        with _explained(self.location, ""):
            fs.copy_files(str(folder), self._root, destination_filesystem=self._filesystem)

    def _list(self, name: str) -> list[fs.FileInfo]:
        selector = fs.FileSelector(self._path(name), allow_not_found=True)
        with _explained(self.location, name):
            found = (info for info in self._filesystem.get_file_info(selector) if not info.base_name.startswith("."))
            return sorted(found, key=lambda info: str(info.base_name))

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


@contextmanager
def _explained(location: str, name: str, may_be_missing: bool = False) -> Iterator[None]:
    """Turn errors of the operating system into a StorageError with a remedy."""
    try:
        yield
    except OSError as error:
        if may_be_missing and isinstance(error, FileNotFoundError):
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason, remedy = (
                "there is no space left to write",
                "free some, then run `gan_study resume` on the run folder",
            )
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason, remedy = "writing or reading is not permitted", "change its permissions, or choose another --out"
        elif error.errno in (errno.ENOTDIR, errno.EEXIST):
            reason, remedy = "there is a file where a folder is needed", "remove it, or choose another --out"
        else:
            reason, remedy = "it cannot be reached", "check the path and the access to it"
        raise StorageError(f"{_place(location, name)}: {reason} ({error.strerror or error}); {remedy}") from error
