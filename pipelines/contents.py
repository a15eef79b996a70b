"""What makes a component, wherever it is read from: what runs, its interface, its Dockerfile."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from packaging.utils import canonicalize_name

from pipelines.interfaces import Interface


@dataclass(frozen=True)
class Content:
    """A component's content: equal hashes are equal components, wherever they were built.

    `dependencies` and `code` are hashes of what is in the two PEXes, `requirements` the versions of
    the packages in the first. A version, a test or a README is no part of it.
    """

    dependencies: str
    code: str
    requirements: Mapping[str, str]
    interface_text: str
    dockerfile: str

    # The names of the files that an image describes itself with, under /app/component.
    FILES = ("deps.json", "app.json", "component.yaml", "Dockerfile")

    @classmethod
    def parse(cls, files: Mapping[str, bytes]) -> "Content":
        """From the PEX-INFO of both PEXes, the interface and the Dockerfile.

        Raises `ValueError` where one is missing or is not what it should be.
        """
        try:
            deps, app, interface, dockerfile = (files[name].decode() for name in cls.FILES)
            wheels: dict[str, str] = json.loads(deps)["distributions"]
            content = cls(
                sha256_of(f"{wheel} {digest}" for wheel, digest in wheels.items()),
                _code(json.loads(app)),
                versions(wheels),
                interface,
                dockerfile,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        # An interface that is none is found out here, and not where it is first looked at.
        _ = content.interface
        return content

    @property
    def runs(self) -> str:
        """Hash of what runs: of the dependencies and the code."""
        return sha256_of((self.dependencies, self.code))

    @property
    def hash(self) -> str:
        """Hash of all of it."""
        return sha256_of((self.dependencies, self.code, self.interface_text, self.dockerfile))

    @cached_property
    def interface(self) -> Interface:
        """The parsed component.yaml."""
        return Interface.parse(self.interface_text)


def _code(info: Mapping[str, Any]) -> str:
    # PEX's own hash of a whole PEX also covers which build of PEX made it, which changes nothing.
    return sha256_of((info["code_hash"], info["entry_point"]))


def versions(wheels: Iterable[str]) -> dict[str, str]:
    """The versions of packages by name, from the file names of their wheels."""
    pairs = (wheel.split("-")[:2] for wheel in sorted(wheels))
    return {canonicalize_name(name): version for name, version in pairs}


def sha256_of(texts: Iterable[str]) -> str:
    """One hash of several texts, in their order."""
    each = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()
