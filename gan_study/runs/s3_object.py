"""One object of an S3 store that is created and replaced on conditions, which pyarrow does not offer."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from pyarrow import fs

from gan_study.runs.outage import NoAnswerError, is_outage

_TIMEOUT_SEC = 5.0
_REFUSED = ("PreconditionFailed", "ConditionalRequestConflict")

_T = TypeVar("_T")


class S3Object:
    """An object by bucket and key, reached by boto3 with the settings of a file system of pyarrow.

    Every write is conditional, so that of several processes that write at the same moment exactly one succeeds. Each
    method raises OSError; NoAnswerError if the store is away.
    """

    def __init__(self, filesystem: fs.S3FileSystem, path: str) -> None:
        """path: `<bucket>/<key>`. Raises ImportError if boto3 is not installed."""
        import boto3  # an extra, which takes half a second
        from botocore import UNSIGNED
        from botocore.config import Config

        _, (options,) = filesystem.__reduce__()
        endpoint = options["endpoint_override"]
        if endpoint and "://" not in endpoint:
            endpoint = f"{options['scheme']}://{endpoint}"
        settings: dict[str, Any] = {"signature_version": UNSIGNED} if options["anonymous"] else {}
        if endpoint:
            settings["s3"] = {"addressing_style": "virtual" if options["force_virtual_addressing"] else "path"}
        self._bucket, _, self._key = path.partition("/")
        self._client: Any = boto3.Session().client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=filesystem.region or None,
            config=Config(
                connect_timeout=_TIMEOUT_SEC,
                read_timeout=_TIMEOUT_SEC,
                retries={"total_max_attempts": 2, "mode": "standard"},
                ignore_configured_endpoint_urls=True,  # pyarrow has read the environment, and reads no configuration
                # Not every store that speaks S3 knows the newer check sums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                **settings,
            ),
        )

    def create(self, content: bytes) -> str | None:
        """Write the object if there is none. Return its version, or None if there is one."""
        return self._write(content, IfNoneMatch="*")

    def replace(self, content: bytes, version: str) -> str | None:
        """Write the object if it still is of this version. Return its new version, or None if it is of another."""
        return self._write(content, IfMatch=version)

    def read(self) -> tuple[bytes, str, float] | None:
        """Return content, version, and seconds since it was written by the store's clock. None without an object."""

        def read() -> tuple[bytes, str, float]:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
            now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
            age = (now - answer["LastModified"]).total_seconds()
            return answer["Body"].read(), answer["ETag"], age

        return self._send(read, refused=("NoSuchKey",))

    def delete(self, version: str) -> None:
        """Remove the object if it still is of this version."""
        self._send(lambda: self._client.delete_object(Bucket=self._bucket, Key=self._key, IfMatch=version), _REFUSED)

    def _write(self, content: bytes, **condition: str) -> str | None:
        return self._send(
            lambda: str(self._client.put_object(Bucket=self._bucket, Key=self._key, Body=content, **condition)["ETag"]),
            # A store answers 404 where the object has been deleted meanwhile.
            (*_REFUSED, "NoSuchKey"),
        )

    def _send(self, request: Callable[[], _T], refused: tuple[str, ...]) -> _T | None:
        """Return the answer to a request; None if the store answers with one of these codes."""
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

        try:
            return request()
        except ClientError as error:
            if error.response["Error"]["Code"] in refused:
                return None
            problem = OSError(str(error))
            raise (NoAnswerError(str(error)) if is_outage(problem) else problem) from error
        except (ConnectionError, HTTPClientError) as error:
            raise NoAnswerError(str(error)) from error
        except BotoCoreError as error:  # such as missing credentials
            raise OSError(str(error)) from error
