"""Access to object stores through pyarrow, with limits on the time that one request may take."""

from datetime import timedelta
from typing import Any

from pyarrow import fs

_NUM_ATTEMPTS = 2
"""Attempts at a request to S3, of three seconds each if nobody answers. pyarrow's own default takes 100 seconds."""
_GOOGLE_SEC = 10.0
"""Seconds of repeated attempts at a request to Google Cloud Storage, where pyarrow's own default is 15 minutes."""


def open_store(uri: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a URI, and the path in it. Raises ValueError and OSError.

    For S3, the environment variables AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL, or the option `endpoint_override` of the
    URI, name a server other than AWS.
    """
    filesystem, path = fs.FileSystem.from_uri(uri)
    # A URI has no options for retries, so the file system is built again, as it is after pickling.
    if isinstance(filesystem, fs.S3FileSystem):
        limits: dict[str, Any] = {"retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=_NUM_ATTEMPTS)}
    elif isinstance(filesystem, fs.GcsFileSystem):
        limits = {"retry_time_limit": timedelta(seconds=_GOOGLE_SEC)}
    else:
        return filesystem, path
    rebuild, (options,) = filesystem.__reduce__()
    return rebuild(options | limits), path
