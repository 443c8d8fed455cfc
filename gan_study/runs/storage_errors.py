"""Errors of the operating system and of object stores, as messages with a remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from gan_study.errors import StorageError
from gan_study.runs.outage import error_code

_DENIALS = {
    "accessdenied",
    "expiredtoken",
    "invalidaccesskeyid",
    "invalidclienttokenid",
    "permissiondenied",
    "signaturedoesnotmatch",
    "unauthenticated",
}
"""Error codes of S3 and Google Cloud Storage for wrong or missing credentials, and for those without the right."""


@contextmanager
def explained(place: str, may_be_missing: bool = False) -> Iterator[None]:
    """Raise errors of the operating system as a StorageError with a remedy.

    may_be_missing: pass a FileNotFoundError on as it is.
    """
    try:
        yield
    except OSError as error:
        if may_be_missing and isinstance(error, FileNotFoundError):
            raise
        if error_code(error) == "nosuchbucket":
            raise no_such_bucket(place) from error
        reason, remedy = _explain(error)
        raise StorageError(f"{place}: {reason} ({error.strerror or error}); {remedy}") from error


def no_such_bucket(place: str) -> StorageError:
    """Return the error for a place in a bucket that does not exist."""
    return StorageError(
        f"{place}: the bucket must exist in the object store, but got none of this name; create it, or correct the name"
    )


def _explain(error: OSError) -> tuple[str, str]:
    """Return the reason and the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "there is no space left to write", "free some, then run `gan_study resume` on the run folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "writing or reading is not permitted", "change its permissions, or choose another --out"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "there is a file where a folder is needed", "remove it, or choose another --out"
    if error_code(error) in _DENIALS or "credentials" in str(error).lower():  # boto3 has no code if there are none
        return (
            "the object store denies access",
            "check the credentials (s3://: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role; gs://: "
            "GOOGLE_APPLICATION_CREDENTIALS) and their rights on the bucket",
        )
    return "it cannot be reached", "check the path and the access to it"
