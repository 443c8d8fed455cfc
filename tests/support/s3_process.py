"""moto's S3 server as a process of its own, so that it can be stopped, continued and killed like a real store."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import EndpointConnectionError

KEY, SECRET = "AKIATESTONLY", "secretOfTestsOnly/4711"
BUCKET = "bucket"
_START_SEC = 60
# One request after another: moto checks a condition and writes in two steps, where a real store takes one.
_SERVER = """
import signal, sys, time
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

refuses = False

def set_refuses(number, frame):
    global refuses
    refuses = number == signal.SIGUSR1

signal.signal(signal.SIGUSR1, set_refuses)
signal.signal(signal.SIGUSR2, set_refuses)
app = DomainDispatcherApplication(create_backend_app)
while True:
    server = make_server("127.0.0.1", int(sys.argv[1]), app)
    server.timeout = 0.1
    while not refuses:
        server.handle_request()
    server.server_close()
    while refuses:
        time.sleep(0.02)
"""


class S3Process:
    """A server on a free port of the loopback interface, with one bucket."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        command = [sys.executable, "-c", _SERVER, self.address.rpartition(":")[2]]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until_reached(lambda: self.client().create_bucket(Bucket=BUCKET))

    def _wait_until_reached(self, request: Callable[[], object]) -> None:
        end = time.monotonic() + _START_SEC
        while True:
            try:
                request()
                return
            except EndpointConnectionError:
                assert self._process.poll() is None, "moto's server has ended"
                assert time.monotonic() < end, "moto's server does not answer"
                time.sleep(0.1)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a user reaches the store."""
        return {
            "AWS_ENDPOINT_URL_S3": self.address,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str = "s3") -> Any:
        """A client of boto3."""
        return boto3.client(
            service,
            endpoint_url=self.address,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def keys(self, prefix: str = "") -> list[str]:
        """Names of the objects in the bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Refuse all connections inside the block."""
        self._process.send_signal(signal.SIGUSR1)
        try:
            yield
        finally:
            self.serve()

    def serve(self) -> None:
        """Take connections again."""
        self._process.send_signal(signal.SIGUSR2)
        self._wait_until_reached(lambda: self.client().list_buckets())

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Take connections inside the block, but answer nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @contextmanager
    def checking_credentials(self) -> Iterator[dict[str, str]]:
        """Deny all requests but those of a user with every right, whose environment this yields."""
        iam = self.client("iam")
        name = f"owner{len(iam.list_users()['Users'])}"
        iam.create_user(UserName=name)
        everything = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=everything)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        self._check_after(0)
        try:
            yield {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
        finally:
            self._check_after(10**9)

    def _check_after(self, num_actions: int) -> None:
        place, plain = f"{self.address}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(place, str(num_actions).encode(), plain)).close()

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def s3_process() -> Iterator[S3Process]:
    """A server until the end of the block. `os.environ` names it meanwhile."""
    server = S3Process()
    before = dict(os.environ)
    os.environ.update(server.environment)
    try:
        yield server
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.end()
