"""Documents attached to an image in a registry that has the referrers API and wants tokens.

The registry is an HTTP server of this test. Debian's registry, which only has the tag, is tested in
tests/build.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.registry.client import Registry, digest_of
from pipelines.registry.referrers import Referrers
from pipelines.system.errors import PinionError

INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = b'{"layers": []}'
KIND = "application/vnd.tested+json"
REPOSITORY = "/v2/team/pinion/train"
UPLOADS = f"{REPOSITORY}/blobs/uploads/"


@dataclass
class Kept:
    """What the registry holds by path, the requests that it got, and how it misbehaves."""

    held: dict[str, bytes] = field(default_factory=dict)
    referrers: list[dict[str, object]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    scope: str = ""
    # The URL of an upload; `{address}` stands for the registry's own.
    place: str = "http://{address}/uploads/7?state=x"
    token_at: str = ""
    refused: str = ""
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    kept: Kept

    def do_GET(self) -> None:  # noqa: N802 - the name is that of http.server
        path = urlsplit(self.path).path
        if path == "/token":
            self.kept.scope = parse_qs(urlsplit(self.path).query)["scope"][0]
            if self.kept.token_at:
                self.answer(307, b"", Location=self.kept.token_at)
            else:
                self.answer(200, json.dumps({"token": self.kept.scope}).encode())
        elif not self.allowed("pull"):
            pass
        elif path.startswith(f"{REPOSITORY}/referrers/"):
            index = {"schemaVersion": 2, "manifests": self.kept.referrers}
            self.answer(200, json.dumps(index).encode(), Content_Type=INDEX)
        elif path in self.kept.held:
            self.answer(200, self.kept.held[path], Content_Type="application/tested")
        else:
            self.answer(404)

    do_HEAD = do_GET  # noqa: N815 - likewise

    def do_POST(self) -> None:  # noqa: N802 - likewise
        if self.allowed("push"):
            place = self.kept.place.format(address=self.kept.address)
            self.answer(202, Location=place)

    def do_PUT(self) -> None:  # noqa: N802 - likewise
        content = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path).path
        if not self.allowed("push"):
            return
        if self.kept.refused and self.kept.refused in path:
            self.answer(507)
            return
        if path == "/uploads/7":
            (digest,) = parse_qs(urlsplit(self.path).query)["digest"]
            assert digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
            self.kept.held[f"{REPOSITORY}/blobs/{digest}"] = content
            self.answer(201)
            return
        self.kept.held[path] = content
        manifest = json.loads(content)
        described = {"digest": digest_of(content), "artifactType": manifest["artifactType"]}
        if described not in self.kept.referrers:
            self.kept.referrers.append(described)
        self.answer(201, OCI_Subject=manifest["subject"]["digest"])

    def allowed(self, what: str) -> bool:
        self.kept.asked.append(f"{self.command} {urlsplit(self.path).path}")
        scope = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if what in scope.rpartition(":")[2].split(","):
            return True
        # Like some registries, it names only the scope for reading.
        scope = "repository:team/pinion/train:pull"
        challenge = f'Bearer realm="http://{self.kept.address}/token",scope="{scope}"'
        self.answer(401, WWW_Authenticate=challenge)
        return False

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture()
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Yield the registry, with one image."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    kept = Kept(held={f"{REPOSITORY}/manifests/{digest_of(IMAGE)}": IMAGE})
    handler = type("KeepingHandler", (Handler,), {"kept": kept})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        kept.address = f"127.0.0.1:{http.server_port}"
        Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield kept
        http.shutdown()


def referrers(kept: Kept) -> Referrers:
    return Referrers(Registry(f"{kept.address}/team"), "pinion/train", digest_of(IMAGE))


def test_a_document_refers_to_the_image_that_it_is_attached_to(kept: Kept) -> None:
    attached = referrers(kept)
    assert attached.find(KIND) is None
    attached.attach(KIND, b'{"a": 1}')
    assert attached.find(KIND) == b'{"a": 1}'
    assert attached.find("application/other") is None
    (described,) = kept.referrers
    manifest = json.loads(kept.held[f"{REPOSITORY}/manifests/{described['digest']}"])
    assert manifest["subject"] == {
        "mediaType": "application/tested",
        "digest": digest_of(IMAGE),
        "size": len(IMAGE),
    }
    assert kept.held[f"{REPOSITORY}/blobs/{manifest['config']['digest']}"] == b"{}"


def test_a_registry_with_the_referrers_api_needs_no_tag(kept: Kept) -> None:
    referrers(kept).attach(KIND, b"1")
    assert not [path for path in kept.asked if "manifests/sha256-" in path]


def test_a_token_to_push_is_requested_explicitly(kept: Kept) -> None:
    referrers(kept).find(KIND)
    assert kept.scope == "repository:team/pinion/train:pull"
    referrers(kept).attach(KIND, b"1")
    assert kept.scope == "repository:team/pinion/train:pull,push"


def test_a_document_that_exists_is_not_pushed_again(kept: Kept) -> None:
    referrers(kept).attach(KIND, b"1")
    kept.asked.clear()
    referrers(kept).attach(KIND, b"1")
    assert not [asked for asked in kept.asked if asked.startswith("POST")]
    assert len(kept.referrers) == 1


@pytest.mark.parametrize("refused", ["/uploads/", "/manifests/"])
def test_the_next_call_finishes_an_interrupted_one(kept: Kept, refused: str) -> None:
    kept.refused = refused
    with pytest.raises(PinionError, match=r"pinion/train: the registry does not accept .*: 507"):
        referrers(kept).attach(KIND, b"1")
    assert referrers(kept).find(KIND) is None
    kept.refused = ""
    referrers(kept).attach(KIND, b"1")
    assert referrers(kept).find(KIND) == b"1"


def test_nothing_is_pushed_to_another_host(kept: Kept) -> None:
    kept.place = "http://127.0.0.2:9/uploads/7"
    with pytest.raises(PinionError, match=r"redirects the upload to another host, 127\.0\.0\.2:9"):
        referrers(kept).attach(KIND, b"1")


def test_a_password_is_not_sent_to_a_redirect(kept: Kept, tmp_path: Path) -> None:
    login = {"auths": {kept.address: {"auth": "bWU6cHc="}}}
    (tmp_path / "config.json").write_text(json.dumps(login))
    kept.token_at = f"http://{kept.address}/elsewhere"
    with pytest.raises(PinionError, match="run: docker login"):
        referrers(kept).find(KIND)
    assert not [asked for asked in kept.asked if "elsewhere" in asked]


@pytest.mark.parametrize(
    "document", [b"[]", b"{}", b'{"layers": []}', b'{"layers": [1, 2]}', b"<html>"]
)
def test_a_malformed_attachment_is_refused(kept: Kept, document: bytes) -> None:
    digest = digest_of(document)
    kept.held[f"{REPOSITORY}/manifests/{digest}"] = document
    kept.referrers.append({"digest": digest, "artifactType": KIND})
    with pytest.raises(PinionError, match="the documents attached to it cannot be read"):
        referrers(kept).find(KIND)


def test_a_document_with_another_digest_is_refused(kept: Kept) -> None:
    referrers(kept).attach(KIND, b"1")
    kept.held[f"{REPOSITORY}/blobs/{digest_of(b'1')}"] = b"2"
    with pytest.raises(PinionError, match=f"the registry returned {digest_of(b'2')}"):
        referrers(kept).find(KIND)
