"""Answers that the registry of other tests does not give: tokens, indexes, wrong layers.

A recording HTTP server gives them; tests/build has a real registry.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.components.content import Content
from pipelines.registry.client import Image, Registry
from pipelines.system.errors import PinionError

FILES = {
    "deps.json": json.dumps({"distributions": {"numpy-2.4.6-cp311.whl": "00"}}),
    "app.json": json.dumps({"code_hash": "a1", "entry_point": "train.__main__:main"}),
    "component.yaml": "implementation: {container: {image: pinion/train}}\n",
    "Dockerfile": "FROM scratch\n",
}
BASE = "/v2/team/pinion/train"
LINUX = {"os": "linux", "architecture": "amd64"}


@dataclass
class Recorded:
    """A server's answers by path, the login that it requires, and the requests that it got."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    token: str = ""
    challenge: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""

    def blob(self, content: bytes) -> str:
        """Serve a blob, and return its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.answers[f"{BASE}/blobs/{digest}"] = (200, content)
        return digest

    def manifest(self, name: str, document: object) -> str:
        """Serve a manifest under a tag and under its digest; return the digest."""
        content = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        for each in (name, digest):
            self.answers[f"{BASE}/manifests/{each}"] = (200, content)
        return digest


def layer(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"app/component/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue())


def image(server: Recorded, tag: str, content: bytes, **labels: str) -> str:
    last = {"digest": server.blob(content), "size": len(content)}
    first = {"digest": server.blob(b"base"), "size": 4}
    config = {"digest": server.blob(json.dumps({"config": {"Labels": labels or None}}).encode())}
    return server.manifest(tag, {"config": config, "layers": [first, last]})


class Handler(BaseHTTPRequestHandler):
    recorded: Recorded

    def do_GET(self) -> None:  # noqa: N802 - the name is that of http.server
        self.answer("")

    def do_HEAD(self) -> None:  # noqa: N802 - likewise
        self.answer("")

    def do_POST(self) -> None:  # noqa: N802 - likewise
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, body: str) -> None:
        recorded = self.recorded
        path = urlsplit(self.path).path
        recorded.asked.append((self.path + body, self.headers.get("Authorization", "")))
        status, content = recorded.answers.get(path, (404, b"{}"))
        authorized = self.headers.get("Authorization") == f"Bearer {recorded.token}"
        if recorded.token and path.startswith("/v2/") and not authorized:
            status, content = 401, b"{}"
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", recorded.challenge)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture()
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    recorded = Recorded()

    handler = type("RecordingHandler", (Handler,), {"recorded": recorded})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        recorded.address = f"127.0.0.1:{http.server_port}"
        Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield recorded
        http.shutdown()


def registry(server: Recorded) -> Registry:
    return Registry(f"{server.address}/team")


def log_in(tmp_path: Path, server: Recorded, **entry: str) -> None:
    config = {"auths": {server.address: entry}}
    (tmp_path / "config.json").write_text(json.dumps(config))


def asks_for_a_token(server: Recorded, answer: object = None) -> None:
    server.token = "issued"  # noqa: S105 - of this test only
    scope = "repository:team/pinion/train:pull"
    server.challenge = (
        f'Bearer realm="http://{server.address}/token",service="tests",scope="{scope}"'
    )
    server.answers["/token"] = (200, json.dumps(answer or {"token": "issued"}).encode())


def test_an_image_has_its_digest_and_the_content_that_it_describes(server: Recorded) -> None:
    labels = {
        "dev.pinion.content": "s1:c1",
        "dev.pinion.runs": "s1:a1",
        "org.opencontainers.image.revision": "f00d",
    }
    digest = image(server, "1.2.0", layer(FILES), **labels)
    found = registry(server).find("pinion/train", "1.2.0")
    content = Content("s1:c1", "s1:a1", {"numpy": "2.4.6"}, FILES["component.yaml"])
    assert found == Image(digest, content, "f00d")


def test_a_missing_image_is_none(server: Recorded) -> None:
    assert registry(server).find("pinion/train", "9.9.9") is None


def test_the_linux_image_of_an_index_is_read_and_the_index_is_pinned(server: Recorded) -> None:
    other = {"digest": "sha256:00", "platform": {"os": "unknown", "architecture": "unknown"}}
    one = {"digest": image(server, "amd64", layer(FILES)), "platform": LINUX}
    digest = server.manifest("1.2.0", {"manifests": [other, one]})
    found = registry(server).find("pinion/train", "1.2.0")
    assert found is not None
    assert (found.digest, found.content.requirements) == (digest, {"numpy": "2.4.6"})


def test_an_index_without_a_linux_image_is_refused(server: Recorded) -> None:
    server.manifest("1.2.0", {"manifests": []})
    with pytest.raises(PinionError, match="it has no image for linux/amd64"):
        registry(server).find("pinion/train", "1.2.0")


def test_a_token_is_requested_with_the_password(server: Recorded, tmp_path: Path) -> None:
    image(server, "1.2.0", layer(FILES))
    asks_for_a_token(server)
    log_in(tmp_path, server, auth=base64.b64encode(b"me:two words").decode())
    assert registry(server).find("pinion/train", "1.2.0") is not None
    path, login = next(each for each in server.asked if each[0].startswith("/token"))
    assert parse_qs(urlsplit(path).query) == {
        "service": ["tests"],
        "scope": ["repository:team/pinion/train:pull"],
    }
    assert base64.b64decode(login.removeprefix("Basic ")) == b"me:two words"


def test_an_identity_token_is_exchanged(server: Recorded, tmp_path: Path) -> None:
    image(server, "1.2.0", layer(FILES))
    asks_for_a_token(server, {"access_token": "issued"})
    log_in(tmp_path, server, auth=base64.b64encode(b"me:").decode(), identitytoken="refreshing")
    assert registry(server).find("pinion/train", "1.2.0") is not None
    form, _ = next(each for each in server.asked if each[0].startswith("/token"))
    assert "grant_type=refresh_token" in form
    assert "refresh_token=refreshing" in form


def test_a_public_registry_gives_a_token_without_a_login(server: Recorded) -> None:
    image(server, "1.2.0", layer(FILES))
    asks_for_a_token(server)
    assert registry(server).find("pinion/train", "1.2.0") is not None


def test_a_refused_login_says_what_to_run(server: Recorded, tmp_path: Path) -> None:
    asks_for_a_token(server)
    server.answers["/token"] = (401, b"{}")
    log_in(tmp_path, server, auth=base64.b64encode(b"me:wrong").decode())
    with pytest.raises(PinionError, match=f"run: docker login {server.address}") as caught:
        registry(server).find("pinion/train", "1.2.0")
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"not a layer", "truncated header", id="no archive"),
        pytest.param(gzip.compress(b"0" * 6_000_000), "too large", id="a bomb"),
        pytest.param(layer({"deps.json": "{}"}), "'app.json'", id="a file is missing"),
        pytest.param(layer({**FILES, "app.json": "[]"}), "indices must be", id="not an object"),
        pytest.param(layer({**FILES, "deps.json": "{"}), "Expecting", id="not JSON"),
        pytest.param(
            layer({**FILES, "deps.json": '{"distributions": [1]}'}), "Error", id="no wheels"
        ),
        pytest.param(layer({**FILES, "component.yaml": "a: ["}), "not YAML", id="no interface"),
        pytest.param(layer(FILES)[:-30], "end-of-stream", id="cut short"),
    ],
)
def test_an_image_without_a_description_is_refused(
    server: Recorded, content: bytes, message: str
) -> None:
    image(server, "1.2.0", content)
    with pytest.raises(PinionError, match="does not describe itself as a component") as caught:
        registry(server).find("pinion/train", "1.2.0")
    assert message in str(caught.value)


def test_a_layer_with_another_digest_is_refused(server: Recorded) -> None:
    content = layer(FILES)
    image(server, "1.2.0", content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    server.answers[f"{BASE}/blobs/{digest}"] = (200, layer({**FILES, "Dockerfile": "FROM x\n"}))
    with pytest.raises(PinionError, match=f"@{digest}: the registry returned sha256:"):
        registry(server).find("pinion/train", "1.2.0")


def test_a_lost_layer_is_noticed_if_the_whole_image_is_checked(server: Recorded) -> None:
    image(server, "1.2.0", layer(FILES))
    assert registry(server).find("pinion/train", "1.2.0", whole=True) is not None
    lost = f"sha256:{hashlib.sha256(b'base').hexdigest()}"
    del server.answers[f"{BASE}/blobs/{lost}"]
    assert registry(server).find("pinion/train", "1.2.0") is not None
    with pytest.raises(PinionError, match=f"has lost its layer {lost}"):
        registry(server).find("pinion/train", "1.2.0", whole=True)


def test_a_huge_last_layer_is_not_downloaded(server: Recorded) -> None:
    huge = {"digest": server.blob(b"huge"), "size": 10**12}
    server.manifest("1.2.0", {"layers": [huge]})
    with pytest.raises(PinionError, match="too large"):
        registry(server).find("pinion/train", "1.2.0")
    assert not [path for path, _ in server.asked if "/blobs/" in path]


def test_the_image_of_an_index_must_have_its_digest(server: Recorded) -> None:
    honest = image(server, "amd64", layer(FILES))
    server.manifest("1.2.0", {"manifests": [{"digest": honest, "platform": LINUX}]})
    forged = image(server, "forged", layer({**FILES, "Dockerfile": "FROM forged\n"}))
    server.answers[f"{BASE}/manifests/{honest}"] = server.answers[f"{BASE}/manifests/{forged}"]
    with pytest.raises(PinionError, match=f"@{honest}: the registry returned {forged}"):
        registry(server).find("pinion/train", "1.2.0")


def test_a_failed_download_is_reported_as_such_not_as_a_wrong_digest(server: Recorded) -> None:
    content = layer(FILES)
    image(server, "1.2.0", content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    server.answers[f"{BASE}/blobs/{digest}"] = (500, b"")
    with pytest.raises(PinionError, match=f"@{digest}: the registry answered 500"):
        registry(server).find("pinion/train", "1.2.0")


@pytest.mark.parametrize("document", [5, None, [], {}, {"manifests": None}, {"layers": [{}]}])
def test_a_malformed_manifest_is_refused(server: Recorded, document: object) -> None:
    server.manifest("1.2.0", document)
    with pytest.raises(PinionError, match=r"train:1\.2\.0 does not describe itself"):
        registry(server).find("pinion/train", "1.2.0")


def test_an_endless_answer_is_cut_off(server: Recorded) -> None:
    server.answers[f"{BASE}/manifests/1.2.0"] = (200, b" " * 6_000_000)
    with pytest.raises(PinionError, match=r"is larger than the limit of 5 MB"):
        registry(server).find("pinion/train", "1.2.0")


def test_a_netrc_file_does_not_replace_the_login(
    server: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login x password y\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    image(server, "1.2.0", layer(FILES))
    asks_for_a_token(server)
    log_in(tmp_path, server, auth=base64.b64encode("mé:p€".encode()).decode())
    assert registry(server).find("pinion/train", "1.2.0") is not None
    logins = {login for _, login in server.asked}
    assert logins == {"", f"Basic {base64.b64encode('mé:p€'.encode()).decode()}", "Bearer issued"}


@pytest.mark.parametrize(
    "config",
    ["[]", "{", '{"auths": {"HOST": {"auth": "#"}}}', '{"credsStore": "not-there"}'],
)
def test_an_unreadable_docker_configuration_is_reported(
    server: Recorded, tmp_path: Path, config: str
) -> None:
    asks_for_a_token(server)
    server.answers["/token"] = (401, b"{}")
    (tmp_path / "config.json").write_text(config.replace("HOST", server.address))
    with pytest.raises(PinionError, match=f"run: docker login {server.address}"):
        registry(server).find("pinion/train", "1.2.0")


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [(500, b"{}", "answered 500"), (200, b"<html>", "does not describe itself")],
)
def test_an_unexpected_answer_is_reported(
    server: Recorded, status: int, content: bytes, message: str
) -> None:
    server.answers[f"{BASE}/manifests/1.2.0"] = (status, content)
    with pytest.raises(PinionError, match=message):
        registry(server).find("pinion/train", "1.2.0")


def test_an_endless_token_is_cut_off(server: Recorded) -> None:
    asks_for_a_token(server, {"token": "x" * 6_000_000})
    with pytest.raises(PinionError, match="is larger than the limit of 5 MB"):
        registry(server).find("pinion/train", "1.2.0")
