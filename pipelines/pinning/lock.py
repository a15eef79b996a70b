"""The lock of a release: each component's version, image, content, interface and dependencies."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pipelines.components.content import Content
from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.system import yaml_text
from pipelines.system.errors import PinionError

_CHECKSUM = "checksum: "


@dataclass(frozen=True)
class Locked:
    """A component in a release; the hashes are those of `Content`.

    `runs`, and `commit`, at which git has the sources, are empty for an image from before they were
    recorded; such an image runs in Docker only.
    """

    version: str
    image: ImageReference
    content: str
    runs: str
    commit: str
    signature: Signature
    requirements: Mapping[str, str]

    @classmethod
    def of(cls, image: ImageReference, content: Content, commit: str) -> "Locked":
        """Return the entry of a published image."""
        return cls(
            image.tag,
            image,
            content.hash,
            content.runs,
            # An older image also names a commit, but git may not have its sources there.
            commit if content.runs else "",
            content.interface.signature,
            content.requirements,
        )

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Locked":
        """Parse an entry; raise `KeyError` or `TypeError` if something is missing."""
        return cls(
            document["version"],
            ImageReference.parse(document["image"]),
            document["content"],
            document.get("runs", ""),
            document.get("commit", ""),
            Signature(document["inputs"], document["outputs"]),
            document["requirements"],
        )

    def document(self) -> dict[str, Any]:
        """Return the entry as the lock's YAML holds it."""
        return {
            "version": self.version,
            "image": str(self.image),
            "content": self.content,
            **({"runs": self.runs} if self.runs else {}),
            **({"commit": self.commit} if self.commit else {}),
            "inputs": dict(self.signature.inputs),
            "outputs": dict(self.signature.outputs),
            "requirements": dict(self.requirements),
        }


@dataclass(frozen=True)
class Lock:
    """A release; `pipeline` is the SHA-256 of its compiled file."""

    release: str
    registry: str
    pipeline: str
    components: Mapping[str, Locked]

    def text(self) -> str:
        """Return the text of the file; it ends with its own checksum, so that edits are noticed."""
        body = f"# Made by: python -m pipelines.release {self.release}. Never edited.\n"
        body += yaml.safe_dump(
            {
                "release": self.release,
                "registry": self.registry,
                "pipeline": self.pipeline,
                "components": {
                    name: each.document() for name, each in sorted(self.components.items())
                },
            },
            sort_keys=False,
        )
        return f"{body}{_CHECKSUM}{sha256(body.encode())}\n"

    @classmethod
    def parse(cls, content: bytes, where: str) -> "Lock":
        """Parse a lock; raise `PinionError` for a file that was edited, or is not a lock."""
        body, found, checksum = content.decode(errors="replace").rpartition(_CHECKSUM)
        if not found or checksum != f"{sha256(body.encode())}\n":
            raise PinionError(
                f"{where} was edited: its checksum does not match its text; restore it"
                f" (git checkout -- {where}), or make another release"
            )
        try:
            document = yaml_text.document(body)
            components = document["components"]
            return cls(
                str(document["release"]),
                str(document["registry"]),
                str(document["pipeline"]),
                {name: Locked.parse(each) for name, each in components.items()},
            )
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise PinionError(
                f"{where} is not a lock that this version can read: {error!r}"
            ) from error


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
