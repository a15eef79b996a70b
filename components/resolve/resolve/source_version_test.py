"""The versions of files, web servers and stores of objects, asked as pull_data asks."""

import hashlib
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from pinion_step.errors import StepError
from pinion_step.sources.source import WebSource
from pinion_step.sources.transfer import Patience
from resolve.conftest import Resolve, free_port, server, serving
from resolve.source_version import source_version

BODY = b"a,b\n" + b"1,x\n" * 300_000
OLD = "Fri, 06 Nov 2020 08:49:37 GMT"
IMPATIENT = Patience(tries=3, connect=2, silence=0.3, backoff=0.01)


def test_a_file_and_a_folder_of_this_machine(resolve: Resolve, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b"a,b\n1,2\n")
    os.utime(file, ns=(1, 1_764_518_400_123_456_789))
    outcome = resolve(source=file)
    assert (outcome.code, outcome.source_version) == (0, "mtime:1764518400123456789,8")
    assert outcome.out.startswith("source-version: mtime:1764518400123456789,8\n")

    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "part-0").write_bytes(b"PAR1")
    before = resolve(source=tmp_path / "t").source_version
    assert before.startswith("files:")
    (tmp_path / "t" / "part-1").write_bytes(b"PAR1")
    assert resolve(source=tmp_path / "t").source_version != before


def test_a_sample_has_no_version_and_neither_a_source_of_known_bytes(resolve: Resolve) -> None:
    for flags in ({}, {"source": "sample:iris"}, {"source": "nothing.csv", "sha256": "ab" * 32}):
        outcome = resolve(**flags)
        assert (outcome.code, outcome.source_version) == (0, "")


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        pytest.param("nothing.csv", 1, "nothing.csv: no such file in /", id="no file"),
        pytest.param("", 2, "--source: '' is empty; give a path", id="empty"),
        pytest.param("ftp://h/t.csv", 2, "--source: unknown protocol ftp://", id="protocol"),
    ],
)
def test_a_source_that_is_not_there_is_told(
    resolve: Resolve, source: str, code: int, words: str
) -> None:
    outcome = resolve(source=source)
    assert (outcome.code, outcome.source_version) == (code, "not written")
    assert outcome.err.startswith(f"resolve: error: {words}")
    assert outcome.err.count("\n") == 1


Answer = Callable[["Handler"], None]


class Server(ThreadingHTTPServer):
    """Answers the requests in turn, the last answer for all that follow."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.requests: list[Handler] = []
        self.sent = 0
        self.url = f"http://127.0.0.1:{self.server_port}/t.csv"

    def handle_error(self, *_request: object) -> None:
        """Keep quiet: the step hangs up when it has read enough."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # noqa: N802  # the name is http.server's
        answers = self.server.answers
        answer = answers[min(len(self.server.requests), len(answers) - 1)]
        self.server.requests.append(self)
        answer(self)

    def log_message(self, *_arguments: object) -> None:
        """Keep stderr for what the step says."""


def serve(body: bytes = BODY, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        for name, value in {"Content-Length": str(len(BODY)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(handler: Handler) -> None:
    """Send an ETag, and a body that would not end by itself."""
    handler.send_response(200)
    handler.send_header("ETag", '"endless"')
    handler.end_headers()
    while True:
        handler.wfile.write(BODY)
        handler.server.sent += len(BODY)


def fail(handler: Handler) -> None:
    handler.send_error(503)


def lead(handler: Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere")
    handler.send_header("ETag", '"of the redirect"')
    handler.end_headers()


@pytest.fixture()
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as web:
        # Looks often whether it is to stop, which each test waits for.
        threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
        yield web
        web.shutdown()


BY_BYTES = f"sha256:{hashlib.sha256(BODY).hexdigest()}"


@pytest.mark.parametrize(
    ("answers", "version"),
    [
        pytest.param([serve(ETag='"3f2a"', Last_Modified=OLD)], 'etag:"3f2a"', id="ETag"),
        pytest.param(
            [serve(Last_Modified=OLD)], "last-modified:2020-11-06T08:49:37Z,1200004", id="time"
        ),
        pytest.param([serve()], BY_BYTES, id="bytes"),
        pytest.param([lead, serve(ETag='"b"')], 'etag:"b"', id="behind a redirect"),
        pytest.param([fail, serve(ETag='"b"')], 'etag:"b"', id="after a failure"),
        pytest.param([serve(BODY[:-9]), serve()], BY_BYTES, id="after a broken transfer"),
    ],
)
def test_a_file_on_a_web_server(web: Server, answers: list[Answer], version: str) -> None:
    web.answers = answers
    assert source_version(WebSource("t", web.url), lambda _: None, IMPATIENT) == version
    assert len(web.requests) == len(answers)


def test_what_has_an_etag_is_not_read(web: Server, resolve: Resolve) -> None:
    web.answers = [endless]
    outcome = resolve(source=f"{web.url}?token=abc")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.source_version == 'etag:"endless"'
    assert web.requests[0].path == "/t.csv?token=abc"
    # What the sockets hold.
    assert web.sent < 20 * len(BODY)


def test_a_server_that_does_not_answer_well_is_told(web: Server) -> None:
    web.answers = [fail]
    with pytest.raises(StepError, match="t: the server answers 503; gave up after 3 tries"):
        source_version(WebSource("t", web.url), lambda _: None, IMPATIENT)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave out whatever store the one who starts the tests uses."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "STORAGE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a client of a store with the bucket `tables`, and `kept`, which keeps versions."""
    port = free_port()
    command = [*server("object_stores", "moto.server"), "--port", str(port)]
    with serving(tmp_path_factory.mktemp("s3"), port, "/moto-api/", *command) as address:
        client = botocore.session.Session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=address,
            aws_access_key_id="id",
            aws_secret_access_key="none",  # noqa: S106
        )
        for bucket in ("tables", "kept"):
            client.create_bucket(Bucket=bucket)
        kept = {"Status": "Enabled"}
        client.put_bucket_versioning(Bucket="kept", VersioningConfiguration=kept)
        yield client


def test_objects_of_s3(s3: Any, resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.meta.endpoint_url)
    put = partial(s3.put_object, Key="a/t.csv", Body=BODY)
    plain, version = put(Bucket="tables"), put(Bucket="kept")
    assert resolve(source="s3://tables/a/t.csv").source_version == f"etag:{plain['ETag']}"
    named = f"version:{version['VersionId']}"
    assert resolve(source="s3://kept/a/t.csv").source_version == named
    # Equal bytes are another version.
    put(Bucket="kept")
    assert resolve(source="s3://kept/a/t.csv").source_version not in (named, "")

    folders = [resolve(source="s3://tables/a/").source_version]
    s3.put_object(Bucket="tables", Key="a/_SUCCESS", Body=b"")
    folders.append(resolve(source="s3://tables/a/").source_version)
    s3.put_object(Bucket="tables", Key="a/t.csv", Body=BODY[:-4])
    folders.append(resolve(source="s3://tables/a").source_version)
    assert folders[0] == folders[1] != folders[2]
    assert all(each.startswith("files:") for each in folders)

    outcome = resolve(source="s3://tables/nothing.csv")
    assert outcome.code == 1
    assert "s3://tables/nothing.csv: there is no such object; check --source" in outcome.err


def test_objects_of_google(
    resolve: Resolve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = free_port()
    command = [*server("object_stores", "gcp_storage_emulator"), "start", "--in-memory"]
    flags = ["--host", "127.0.0.1", "--default-bucket", "tables", "--port", str(port)]
    with serving(tmp_path, port, "/", *command, *flags) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        put(address, "t.csv", BODY)
        first = resolve(source="gs://tables/t.csv").source_version
        assert first.startswith("generation:")
        assert resolve(source="gs://tables/t.csv").source_version == first
        put(address, "t.csv", BODY)
        assert resolve(source="gs://tables/t.csv").source_version != first


def put(address: str, key: str, body: bytes) -> None:
    query = urllib.parse.urlencode({"uploadType": "media", "name": key})
    request = urllib.request.Request(  # noqa: S310  # our own server's address
        f"{address}/upload/storage/v1/b/tables/o?{query}", body, {"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request).close()  # noqa: S310
