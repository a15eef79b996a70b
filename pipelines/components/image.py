"""References of container images."""

import re
from dataclasses import dataclass

from pipelines.system.errors import PinionError

# A colon alone does not make a tag: `localhost:5000/train` has none.
# What has neither a dot nor a port is the first part of a name on Docker Hub.
_HOST = r"(?: localhost(?::\d+)? | [\w.-]+\.[\w.-]+(?::\d+)? | [\w.-]+:\d+ )"
_NAME = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_REGISTRY = re.compile(f"{_HOST} (?: / {_NAME} )*", re.VERBOSE)
_REFERENCE = re.compile(
    rf"""
    (?P<repository> (?: {_HOST} / )? {_NAME} (?: / {_NAME} )* )
    (?: : (?P<tag> \w[\w.-]{{0,127}} ) )?
    (?: @ (?P<digest> sha256:[0-9a-f]{{64}} ) )?
    """,
    re.VERBOSE,
)

_PLACE = re.compile(rf"(?: (?P<registry> {_HOST} ) / )? (?P<path> .+ )", re.VERBOSE)


def is_registry(text: str) -> bool:
    """Whether a text is the address of a registry, as images' names begin with."""
    return _REGISTRY.fullmatch(text) is not None


@dataclass(frozen=True)
class ImageReference:
    """As in `registry:5000/pinion/train:1.2.0@sha256:…`; tag and digest may be empty."""

    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Reads a reference; raises `PinionError` where it is none."""
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise PinionError(f"{text!r} is not an image reference (repository[:tag][@sha256:…])")
        return cls(match["repository"], match["tag"] or "", match["digest"] or "")

    @property
    def exact(self) -> str:
        """The version of a component, and the digest where it has one: `1.2.0@sha256:…`."""
        return f"{self.tag}@{self.digest}" if self.digest else self.tag

    @property
    def name(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def component(self) -> str:
        """The component's own name, which is that of its package."""
        return self.name.replace("-", "_")

    @property
    def registry(self) -> str:
        """The host of the registry; empty for Docker Hub, and for what is only on this machine."""
        match = _PLACE.fullmatch(self.repository)
        return (match["registry"] or "") if match else ""

    @property
    def path(self) -> str:
        """The repository's name within its registry."""
        return (
            self.repository.removeprefix(f"{self.registry}/") if self.registry else self.repository
        )

    @property
    def tagged(self) -> str:
        """Without the digest: what a registry could be made to give other content for."""
        return f"{self.repository}:{self.tag}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"
