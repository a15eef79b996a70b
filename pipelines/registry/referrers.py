"""Attach documents to an image in a registry, and find them: they refer to the image's digest.

This follows the OCI distribution specification 1.1, including the tag that it defines for older
registries, which do not have its referrers API.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.registry.client import Registry, content_of, digest_of
from pipelines.system.errors import PinionError

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
# The configuration of a manifest that is not an image.
_EMPTY = b"{}"
_EMPTY_KIND = "application/vnd.oci.empty.v1+json"
# A registry's descriptor of a manifest: its kind, digest, size and artifact type.
_Descriptor = Mapping[str, Any]


@dataclass(frozen=True)
class Referrers:
    """The documents attached to the image that `digest` names."""

    registry: Registry
    repository: str
    digest: str

    def find(self, kind: str) -> bytes | None:
        """Return the first document of a media type, or None if there is none.

        Raise `PinionError` if it is not what the registry's list describes.
        """
        try:
            for each in self._listed():
                if each.get("artifactType") == kind:
                    held = self.registry.held(self.repository, "manifests", each["digest"])
                    (layer,) = json.loads(held)["layers"]
                    return self.registry.held(self.repository, "blobs", layer["digest"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PinionError(
                f"{self._where}: the documents attached to it cannot be read:"
                f" {type(error).__name__}: {error}"
            ) from error
        return None

    def attach(self, kind: str, content: bytes) -> None:
        """Attach a document, and keep those that are attached already.

        A call that is interrupted leaves the image as it was, and may be repeated. Raise
        `PinionError` if the registry does not accept the document.
        """
        image = self.registry.ask(self.repository, f"manifests/{self.digest}")
        subject = {
            "mediaType": image.headers.get("Content-Type", "").partition(";")[0],
            "digest": self.digest,
            "size": len(content_of(self._where, image)),
        }
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "artifactType": kind,
                "config": self._blob(_EMPTY_KIND, _EMPTY),
                "layers": [self._blob(kind, content)],
                "subject": subject,
            }
        )
        described = {**_described(_MANIFEST, manifest), "artifactType": kind}
        path = f"manifests/{described['digest']}"
        answer = self.registry.push("PUT", self.repository, path, manifest, _MANIFEST)
        if "OCI-Subject" not in answer.headers:
            self._list(described)

    @property
    def _where(self) -> str:
        return f"{self.registry.reference(self.repository)}@{self.digest}"

    @property
    def _tag(self) -> str:
        return self.digest.replace(":", "-")

    def _listed(self) -> list[_Descriptor]:
        answer = self.registry.ask(self.repository, f"referrers/{self.digest}")
        if answer.status == 200 and answer.headers.get("Content-Type", "").startswith(_INDEX):
            return list(json.loads(answer.content)["manifests"])
        if answer.status >= 500:
            content_of(self._where, answer)
        return self._tagged()

    def _tagged(self) -> list[_Descriptor]:
        answer = self.registry.ask(self.repository, f"manifests/{self._tag}")
        if answer.status == 404:
            return []
        return list(json.loads(content_of(self._where, answer))["manifests"])

    def _list(self, described: _Descriptor) -> None:
        """Add to the list of documents, if the registry does not keep it by itself."""
        others = [each for each in self._tagged() if each["digest"] != described["digest"]]
        manifests = [*others, described]
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
        self.registry.push("PUT", self.repository, f"manifests/{self._tag}", _json(index), _INDEX)

    def _blob(self, kind: str, content: bytes) -> _Descriptor:
        """Push a blob unless the registry has it, and return its descriptor."""
        described = _described(kind, content)
        there = self.registry.ask(self.repository, f"blobs/{described['digest']}", "HEAD")
        if there.status != 200:
            begun = self.registry.push("POST", self.repository, "blobs/uploads/")
            place = begun.headers.get("Location", "")
            query = f"{'&' if '?' in place else '?'}digest={described['digest']}"
            self.registry.push("PUT", self.repository, f"{place}{query}", content)
        return described


def _described(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
