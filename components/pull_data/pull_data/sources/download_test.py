import hashlib
import ipaddress
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pinion_step.errors import StepError
from pinion_step.sources.source import WebSource
from pinion_step.sources.transfer import Patience
from pull_data.conftest import Pull
from pull_data.sources.download import download
from pull_data.sources.room import Room

BODY = b"a,b\n" + b"1,x\n" * 300_000
IMPATIENT = Patience(tries=3, connect=2, silence=0.3, backoff=0.01)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Answers the requests in turn, the last answer for all that follow, and notes the headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = []
        self.requests: list[BaseHTTPRequestHandler] = []

    def start(self) -> None:
        # Looks often whether it is to stop, which each test waits for.
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str = "/t.csv", user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # noqa: N802  # the name is http.server's
        answers = self.server.answers
        answer = answers[min(len(self.server.requests), len(answers) - 1)]
        self.server.requests.append(self)
        answer(self)

    def log_message(self, *_arguments: object) -> None:
        """Keep stderr for what the step says."""


@pytest.fixture()
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        server.start()
        yield server
        server.shutdown()


def serve(body: bytes, length: int | None = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def fail(status: int) -> Answer:
    return lambda handler: handler.send_error(status)


def stall(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"a,b\n")
    handler.wfile.flush()
    threading.Event().wait(2)


def lead(*places: str) -> list[Answer]:
    """Redirects, one after the other."""

    def answer(place: str) -> Answer:
        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", place)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return redirect

    return [answer(place) for place in places]


def stream(handler: BaseHTTPRequestHandler) -> None:
    """Send a body without its length."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(BODY)


WHOLE = serve(BODY)
CUT = serve(BODY[:-5000], length=len(BODY))


def test_a_url_becomes_a_dataset_with_its_origin_and_hash(pull: Pull, server: Server) -> None:
    server.answers = [WHOLE]
    digest = hashlib.sha256(BODY).hexdigest()
    outcome = pull(server.url("/t.csv?token=abc", user="me:pw@"), "--sha256", digest.upper())
    assert outcome.code == 0
    assert outcome.out == f"300000 rows, 2 columns from {server.url()} (sha256 {digest})\n"
    assert outcome.err == ""
    metadata = outcome.table.schema.metadata
    assert metadata[b"pinion.source"] == server.url().encode()
    assert metadata[b"pinion.sha256"] == digest.encode()
    assert [path.name for path in outcome.folder.iterdir()] == ["dataset"]
    assert server.requests[0].path == "/t.csv?token=abc"
    assert server.requests[0].headers["Authorization"] == "Basic bWU6cHc="


def test_a_dropped_transfer_is_tried_again_and_told(
    pull: Pull, server: Server, pauses: list[float]
) -> None:
    server.answers = [CUT, fail(503), WHOLE]
    outcome = pull(server.url("/t.csv?token=abc"))
    assert outcome.code == 0
    assert outcome.table.num_rows == 300_000
    assert outcome.err.splitlines() == [
        f"pull_data: {server.url()}: try 1 of 3: the transfer broke off before its end;"
        " again in 1 s",
        f"pull_data: {server.url()}: try 2 of 3: the server answers 503; again in 2 s",
    ]
    assert pauses == [1, 2]


def test_the_bytes_are_those_on_the_server_even_when_it_calls_them_packed(
    server: Server, tmp_path: Path
) -> None:
    server.answers = [serve(b"\x1f\x8bnot unpacked", Content_Encoding="gzip")]
    download(WebSource("t", server.url()), tmp_path / "t", print)
    assert (tmp_path / "t").read_bytes() == b"\x1f\x8bnot unpacked"
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "message", "requests"),
    [
        pytest.param(CUT, "the transfer broke off before its end; gave up after 3", 3, id="cut"),
        pytest.param(fail(500), "the server answers 500; gave up after 3 tries", 3, id="500"),
        pytest.param(fail(429), "the server answers 429; gave up after 3 tries", 3, id="429"),
        pytest.param(fail(408), "the server answers 408; gave up after 3 tries", 3, id="408"),
        pytest.param(stall, "the server was silent for 0.3 s; gave up after 3", 3, id="stalled"),
        pytest.param(fail(404), "the server answers 404, there is no such file", 1, id="404"),
        pytest.param(fail(403), "the server answers 403, access is denied", 1, id="403"),
        pytest.param(fail(401), "the server answers 401, it asks for a login", 1, id="401"),
    ],
)
def test_a_server_that_does_not_answer_well_is_told(
    server: Server, tmp_path: Path, answer: Answer, message: str, requests: int
) -> None:
    server.answers = [answer]
    source = WebSource("http://h/t.csv", server.url("/t.csv?token=abc"))
    with pytest.raises(StepError, match=message) as caught:
        download(source, tmp_path / "t", print, IMPATIENT)
    assert "abc" not in str(caught.value)
    assert len(server.requests) == requests


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param(
            "http://127.0.0.1:1/t",
            r"cannot connect to 127.0.0.1:1 \(Connection refused\)",
            id="refused",
        ),
        pytest.param("http://nowhere.invalid/t", "'nowhere.invalid' is unknown", id="no host"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(StepError, match=message):
        download(WebSource("t", url), tmp_path / "t", print, IMPATIENT)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(fail(404), ["404"], id="not found"),
        pytest.param(serve(b""), ["the file is empty"], id="no body"),
        pytest.param(serve(b"<html>login"), ["an HTML page"], id="a login page"),
        pytest.param(serve(b"a,b\n1,2,3\n"), ["line 2"], id="a ragged row"),
    ],
)
def test_a_bad_answer_leaves_nothing_behind(
    pull: Pull, server: Server, answer: Answer, words: list[str]
) -> None:
    server.answers = [answer]
    pull(server.url()).assert_failed(server.url(), *words)


def test_a_wrong_hash_names_both_and_leaves_nothing_behind(pull: Pull, server: Server) -> None:
    server.answers = [WHOLE]
    outcome = pull(server.url(), "--sha256", "0" * 64)
    outcome.assert_failed(hashlib.sha256(BODY).hexdigest(), "0" * 64)


SMALL = b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        pytest.param('etag:"3f2a"', serve(SMALL, ETag='"3f2a"'), id="ETag"),
        pytest.param(
            "last-modified:2026-11-06T08:49:37Z,8",
            serve(SMALL, Last_Modified="Fri, 06 Nov 2026 08:49:37 GMT"),
            id="Last-Modified",
        ),
        pytest.param(f"sha256:{hashlib.sha256(SMALL).hexdigest()}", serve(SMALL), id="bytes"),
        pytest.param(
            f"sha256:{hashlib.sha256(SMALL).hexdigest()}",
            serve(SMALL, ETag='"3f2a"'),
            id="bytes, though there is an ETag now",
        ),
    ],
)
def test_the_version_that_was_resolved_is_read_and_leaves_no_trace(
    pull: Pull, server: Server, version: str, answer: Answer
) -> None:
    server.answers = [serve(SMALL)]
    (dataset,) = pull(server.url()).folder.iterdir()
    before = dataset.read_bytes()
    server.answers = [*lead("/moved"), answer]
    server.requests.clear()
    assert pull(server.url(), "--source-version", version).code == 0
    assert dataset.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "answer", "found"),
    [
        pytest.param('etag:"3f2a"', serve(SMALL, ETag='"3f2b"'), 'etag:"3f2b"', id="ETag"),
        pytest.param('etag:"3f2a"', serve(SMALL), "not known", id="no ETag any more"),
        pytest.param(
            f"sha256:{'0' * 64}",
            serve(SMALL, ETag='"3f2a"'),
            f"sha256:{hashlib.sha256(SMALL).hexdigest()}",
            id="bytes",
        ),
    ],
)
def test_another_version_is_refused(
    pull: Pull, server: Server, version: str, answer: Answer, found: str
) -> None:
    server.answers = [answer]
    pull(server.url("/t.csv?token=abc"), "--source-version", version).assert_failed(
        f"{server.url()}: the version is {found}, but --source-version is {version};"
        " the source has changed since it was resolved: run the pipeline again"
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [WHOLE, stream])
def test_what_there_is_no_room_for_is_not_downloaded(
    server: Server, tmp_path: Path, answer: Answer
) -> None:
    server.answers = [answer]
    source, target = WebSource("t", server.url()), tmp_path / "t"
    with pytest.raises(StepError, match="t: larger than the 1199000 bytes available"):
        download(source, target, print, IMPATIENT, Room("t", 1_199_000))
    assert len(server.requests) == 1
    download(source, target, print, IMPATIENT, Room("t", len(BODY)))
    assert target.read_bytes() == BODY


def test_the_room_is_that_of_the_disk_less_a_reserve(tmp_path: Path) -> None:
    room = Room.beside("t", tmp_path / "t").most
    disk = shutil.disk_usage(tmp_path)
    reserve = min(1 << 30, disk.total // 20)
    # Others write to the disk too.
    assert abs(disk.free - reserve - room) < 1 << 28


def test_redirects_are_followed_a_few_times(server: Server, tmp_path: Path) -> None:
    server.answers = [*lead("/1", "/2", "/3", "/4", "/5"), WHOLE]
    download(WebSource("t", server.url()), tmp_path / "t", print, IMPATIENT)
    assert [each.path for each in server.requests] == ["/t.csv", "/1", "/2", "/3", "/4", "/5"]


def test_redirects_without_an_end_are_told(server: Server, tmp_path: Path) -> None:
    server.answers = lead("/again?token=abc")
    with pytest.raises(StepError, match="t: the server redirects more than 5 times") as caught:
        download(WebSource("t", server.url()), tmp_path / "t", print, IMPATIENT)
    assert "abc" not in str(caught.value)
    assert len(server.requests) == 6


def test_a_password_is_not_for_where_a_redirect_leads(server: Server, tmp_path: Path) -> None:
    with Server() as other:
        other.start()
        other.answers = [WHOLE]
        server.answers = lead(other.url("/there"))
        download(WebSource("t", server.url(user="me:pw@")), tmp_path / "t", print, IMPATIENT)
        other.shutdown()
    assert server.requests[0].headers["Authorization"] == "Basic bWU6cHc="
    assert other.requests[0].path == "/there"
    assert other.requests[0].headers["Authorization"] is None


def test_https_does_not_lead_to_http(server: Server, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    server.answers = [serve(b"a,b\n1,2\n")]
    with Server() as safe:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        safe.socket = context.wrap_socket(safe.socket, server_side=True)
        safe.start()
        url = safe.url().replace("http:", "https:")
        safe.answers = [*lead("/moved"), *server.answers, *lead(server.url())]
        moved, led_out = trusting(certificate, url, tmp_path / "dataset", times=2)
        assert moved == "exit 0"
        assert led_out.endswith("exit 1")
        assert f"{url}: the server redirects from https:// to http://" in led_out
        safe.shutdown()
    assert [each.path for each in safe.requests] == ["/t.csv", "/moved", "/t.csv"]
    assert server.requests == []


SEVERAL = """
import sys
from pull_data.__main__ import main

for _ in range(int(sys.argv[1])):
    print(f"exit {main(sys.argv[2:])}", file=sys.stderr)
"""


def trusting(certificate: Path, url: str, dataset: Path, times: int) -> list[str]:
    """Return what the step prints when a process of its own runs it several times.

    A process reads the trusted certificates once. The last word of each line is the exit code.
    """
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, str(times), "--source", url, "--dataset", str(dataset)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "SSL_CERT_FILE": str(certificate),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return re.findall(r".*?exit \d+(?=\n)", done.stderr, re.DOTALL)


def self_signed(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    ],
)
def test_a_stop_in_mid_transfer_leaves_nothing_behind(
    pull: Pull, server: Server, number: signal.Signals, code: int
) -> None:
    def stop(handler: BaseHTTPRequestHandler) -> None:
        serve(BODY[:100_000], length=len(BODY))(handler)
        handler.wfile.flush()
        os.kill(os.getpid(), number)
        threading.Event().wait(2)

    server.answers = [stop]
    before = signal.getsignal(number)
    pull(server.url()).assert_failed(f"stopped by {number.name}", code=code)
    assert signal.getsignal(number) == before
