"""An object store that speaks as much of the S3 protocol as a run folder needs, for tests without a cloud.

It keeps what S3 promises: an object is replaced as a whole when its upload is completed, and not before.
"""

import hashlib
import io
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape


class ObjectStore(ThreadingHTTPServer):
    """One bucket: `objects` is its content by key, `num_reads` counts GETs of them; if `broken`, no upload ends."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.num_reads = 0
        self.broken = False

    def uri(self, path: str) -> str:
        """The place of `path`, whose first part is the bucket."""
        return f"s3://{path}?scheme=http&endpoint_override=127.0.0.1:{self.server_port}&region=us-east-1"


@contextmanager
def serve_objects() -> Iterator[ObjectStore]:
    """A store that runs until the end of the block."""
    store = ObjectStore()
    thread = threading.Thread(target=store.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        thread.join()
        store.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ObjectStore
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._send_object(with_body=False)

    def do_GET(self) -> None:
        key, query = self._target()
        if not key:
            self._list(query)
        else:
            self.server.num_reads += 1
            self._send_object(with_body=True)

    def do_PUT(self) -> None:
        key, query = self._target()
        content = self._body()
        if "uploadId" in query:
            self.server.uploads[query["uploadId"]][int(query["partNumber"])] = content
        else:
            self.server.objects[key] = content
        self._reply(200, etag=_etag(content))

    def do_POST(self) -> None:
        key, query = self._target()
        body = self._body()
        if "uploads" in query:
            upload = uuid.uuid4().hex
            self.server.uploads[upload] = {}
            self._reply(
                200,
                f"<InitiateMultipartUploadResult><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
                "</InitiateMultipartUploadResult>",
            )
        elif "uploadId" in query and self.server.broken:
            self._reply(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
        elif "uploadId" in query:
            parts = self.server.uploads.pop(query["uploadId"])
            self.server.objects[key] = b"".join(parts[number] for number in sorted(parts))
            self._reply(
                200, f'<CompleteMultipartUploadResult><ETag>"{uuid.uuid4().hex}"</ETag></CompleteMultipartUploadResult>'
            )
        elif "delete" in query:
            for element in ElementTree.fromstring(body).iter():
                if element.tag.endswith("Key"):
                    self.server.objects.pop(element.text or "", None)
            self._reply(200, "<DeleteResult/>")
        else:
            self._reply(501)

    def do_DELETE(self) -> None:
        self.server.objects.pop(self._target()[0], None)
        self._reply(204)

    def _list(self, query: dict[str, str]) -> None:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        found, folders = [], set()
        for key in sorted(k for k in self.server.objects if k.startswith(prefix)):
            head, mark, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if mark:
                folders.add(prefix + head + mark)
            else:
                found.append(key)
        contents = "".join(
            f"<Contents><Key>{escape(k)}</Key><Size>{len(self.server.objects[k])}</Size>"
            "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for k in found
        )
        shared = "".join(f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in sorted(folders))
        self._reply(
            200,
            f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{len(found) + len(folders)}</KeyCount>"
            f"{contents}{shared}</ListBucketResult>",
        )

    def _send_object(self, with_body: bool) -> None:
        key, _ = self._target()
        if not key:  # the bucket itself
            self._reply(200)
            return
        content = self.server.objects.get(key)
        if content is None:
            self._reply(404, "<Error><Code>NoSuchKey</Code></Error>" if with_body else "")
            return
        status, part = 200, content
        if with_body and "Range" in self.headers:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            status, part = 206, content[int(first) : int(last) + 1 if last else None]
        self.send_response(status)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("ETag", _etag(content))
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.end_headers()
        if with_body:
            self.wfile.write(part)

    def _target(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        _, _, key = unquote(parts.path).lstrip("/").partition("/")
        return key, {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = _join_chunks(self.rfile)
        else:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # A chunked encoding of the SDK's own, which carries a check sum at its end.
        return _join_chunks(io.BytesIO(content)) if self.headers.get("Content-Encoding") == "aws-chunked" else content

    def _reply(self, status: int, xml: str = "", etag: str | None = None) -> None:
        body = xml.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        if etag is not None:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)


def _join_chunks(stream: io.BufferedIOBase) -> bytes:
    chunks = []
    while size := int(stream.readline().split(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():  # trailers
        pass
    return b"".join(chunks)


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'
