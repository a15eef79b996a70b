"""Read and push images over a registry's HTTP API, the OCI distribution specification."""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipelines.components.content import DESCRIPTION, Content
from pipelines.registry.session import LARGEST, Answer, RegistrySession
from pipelines.system.errors import PinionError

_MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.manifest.v1",
        "oci.image.index.v1",
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)
_COMMIT = "org.opencontainers.image.revision"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Image:
    """An image in a registry: its digest, which never changes, and the content that it describes.

    `commit` is the commit that it was built from, followed by `-dirty` if there were changes.
    """

    digest: str
    content: Content
    commit: str


@dataclass(frozen=True)
class Registry:
    """A registry by its address, such as `host:5000` or `ghcr.io/owner`."""

    address: str

    @cached_property
    def _session(self) -> RegistrySession:
        return RegistrySession(self.address.partition("/")[0])

    def reference(self, repository: str) -> str:
        """Return a repository's full name, as Docker takes it."""
        return f"{self.address}/{repository}"

    def find(self, repository: str, version: str, whole: bool = False) -> Image | None:
        """Return the image of a version, or None if there is none; `whole` checks every layer.

        Raise `PinionError` if the registry does not answer or refuses, and if the image is not that
        of a component or has lost a layer.
        """
        where = f"{self.reference(repository)}:{version}"
        answer = self.ask(repository, f"manifests/{version}")
        if answer.status == 404:
            return None
        found = content_of(where, answer)
        try:
            manifest = json.loads(found)
            if "manifests" in manifest:
                manifest = json.loads(
                    self.held(repository, "manifests", _for_linux(manifest["manifests"]))
                )
            for blob in [manifest["config"], *manifest["layers"]] if whole else []:
                if self.ask(repository, f"blobs/{blob['digest']}", "HEAD").status != 200:
                    raise PinionError(
                        f"{where}: the registry has lost its layer {blob['digest']}; publish it"
                        " again"
                    )
            content, commit = self._description(repository, manifest)
            return Image(digest_of(found), content, commit)
        except _NOT_OURS as error:
            raise PinionError(
                f"{where} does not describe itself as a component's image:"
                f" {type(error).__name__}: {error}"
            ) from error

    def _description(self, repository: str, manifest: Any) -> tuple[Content, str]:
        """Return the content and the commit of an image, from its last layer and its labels."""
        last = manifest["layers"][-1]
        if last["size"] > LARGEST:
            raise ValueError("its last layer is too large for a description")
        layer = self.held(repository, "blobs", last["digest"])
        config = json.loads(self.held(repository, "blobs", manifest["config"]["digest"]))
        found = (config.get("config") or {}).get("Labels") or {}
        labels = {str(name): str(text) for name, text in found.items()}
        return Content.described(_described(layer), labels), labels.get(_COMMIT, "")

    def held(self, repository: str, kind: str, digest: str) -> bytes:
        """Return the content of a digest; raise `PinionError` if its hash is another."""
        where = f"{self.reference(repository)}@{digest}"
        content = content_of(where, self.ask(repository, f"{kind}/{digest}"))
        if digest_of(content) != digest:
            raise PinionError(f"{where}: the registry returned {digest_of(content)} instead")
        return content

    def ask(self, repository: str, path: str, method: str = "GET") -> Answer:
        """Request a path of a repository and return the answer, whatever its status."""
        name = self._name(repository)
        return self._session.ask(method, f"{name}/{path}", {"Accept": _MANIFESTS})

    def push(
        self, method: str, repository: str, path: str, content: bytes = b"", kind: str = ""
    ) -> Answer:
        """Push something to a path, or to the URL that the registry returned for it.

        Raise `PinionError` if the registry does not accept it.
        """
        name = self._name(repository)
        place = path if path.startswith(("/", "http")) else f"{name}/{path}"
        headers = {"Content-Type": kind or "application/octet-stream"}
        scope = f"repository:{name}:pull,push"
        answer = self._session.ask(method, place, headers, content, scope)
        if answer.status not in (201, 202):
            raise PinionError(
                f"{self.reference(repository)}: the registry does not accept"
                f" {path.partition('?')[0]}: {answer.status} {answer.reason}"
            )
        return answer

    def _name(self, repository: str) -> str:
        prefix = self.address.partition("/")[2]
        return f"{prefix}/{repository}".lstrip("/")


# The errors of reading a document or an archive that somebody else wrote.
_NOT_OURS = (
    ValueError, KeyError, IndexError, TypeError, AttributeError,
    tarfile.TarError, EOFError, OSError, zlib.error,
)  # fmt: skip


def content_of(where: str, answer: Answer) -> bytes:
    """Return an answer's content; raise `PinionError` if its status is not 200."""
    if answer.status != 200:
        raise PinionError(f"{where}: the registry answered {answer.status} {answer.reason}")
    return answer.content


def _for_linux(entries: list[Mapping[str, Any]]) -> str:
    for entry in entries:
        platform = entry.get("platform") or {}
        if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
            return str(entry["digest"])
    raise ValueError("it has no image for linux/amd64")


def _described(layer: bytes) -> dict[str, bytes]:
    """Return the files of the description in an image's last layer, by name."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(_unpacked(layer)), mode="r:") as archive:
        for member in archive:
            name = member.name.removeprefix("./").removeprefix("app/component/")
            if name in DESCRIPTION:
                content = archive.extractfile(member)
                found[name] = content.read() if content else b""
    return found


def _unpacked(layer: bytes) -> bytes:
    """Unpack a layer, up to a limit: a few kilobytes may unpack to any size."""
    if not layer.startswith(_GZIP):
        return layer
    with gzip.open(io.BytesIO(layer)) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("its last layer is too large for a description")
    return content


def digest_of(content: bytes) -> str:
    """Return the digest of a content as registries write it: `sha256:…`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
