"""Parse references of container images, and version numbers."""

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from pipelines.system.errors import PinionError

# A colon alone does not make a tag: `localhost:5000/train` has none. A first part without a dot and
# without a port belongs to a name on Docker Hub.
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


def is_registry(text: str) -> bool:
    """Return whether a text is the address of a registry, with which image names may start."""
    return _REGISTRY.fullmatch(text) is not None


@dataclass(frozen=True)
class ImageReference:
    """A reference such as `registry:5000/train:1.2.0@sha256:…`; tag and digest may be empty."""

    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Parse a reference; raise `PinionError` if the text is not one."""
        if match := _REFERENCE.fullmatch(text):
            return cls(match["repository"], match["tag"] or "", match["digest"] or "")
        raise PinionError(f"{text!r} is not an image reference (repository[:tag][@sha256:…])")

    @property
    def exact(self) -> str:
        """The version of a component, followed by the digest if there is one: `1.2.0@sha256:…`."""
        return f"{self.tag}@{self.digest}" if self.digest else self.tag

    @property
    def name(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def component(self) -> str:
        """The name of the component, which is also that of its package."""
        return self.name.replace("-", "_")

    @property
    def registry(self) -> str:
        """The host of the registry; empty for Docker Hub and for images only on this machine."""
        host, slash, _ = self.repository.partition("/")
        return host if slash and is_registry(host) else ""

    @property
    def path(self) -> str:
        """The repository's name within its registry."""
        return self.repository.removeprefix(f"{self.registry}/")

    @property
    def tagged(self) -> str:
        """The reference without the digest; a registry may serve other content for it later."""
        return f"{self.repository}:{self.tag}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def version_number(text: str) -> Version:
    """Return a version that may be published; raise `ValueError`, in one line, for any other text.

    It must have three numbers and be in PEP 440's normal form, so that no two texts mean the same
    version, and every text is a valid image tag and git tag.
    """
    try:
        version = Version(text)
    except InvalidVersion:
        raise ValueError(f"{text!r} is not a version such as 1.2.3 or 1.2.3rc1") from None
    wrong = {
        "is not a version to publish; leave out +local, .dev and epoch": bool(
            version.local or version.is_devrelease or version.epoch
        ),
        "does not have three numbers, such as 1.2.3": len(version.release) != 3,
        f"is not in normal form; write {str(version)!r}": str(version) != text,
    }
    for why, applies in wrong.items():
        if applies:
            raise ValueError(f"{text!r} {why}")
    return version
