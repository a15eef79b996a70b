"""What makes a component, and the two hashes that stand for it.

`runs` covers what a step runs: the files of its package but for tests, those modules of the library
that it imports, and its lock. It keys the cache. `content` covers `runs`, the interface, the
Dockerfile and the pinned base image. Versions, images and releases go by it. Both are hashes of a
list as `sha256sum` prints it, sorted by path, so that they are the same on every machine, before
and after a build. The `pants` launcher makes them with that very command.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from pipelines.interfaces import Interface
from pipelines.requirement_locks import read_pins

# Stands before every hash, so that hashes of another kind are never compared with these.
SCHEME = "s1:"
BASE_IMAGE = "build-support/base-image.txt"
# What components share, and its folder. In a program it stands beside the component's package.
LIBRARY = "pinion_step"
LIBRARY_FOLDER = f"libraries/{LIBRARY}"
# The one way in which components import it, so that sed can tell as well (a contract test).
_IMPORT = re.compile(rb"^[ \t]*from pinion_step\.(\w+) import ", re.MULTILINE)
_LOCK = "requirements.lock"
_BESIDE = ("Dockerfile", "component.yaml")
_TESTS = ("*_test.py", "conftest.py")
# The files that an image describes itself with, under /app/component, and its labels.
DESCRIPTION = ("deps.json", "app.json", "component.yaml", "Dockerfile")
CONTENT_LABEL = "dev.pinion.content"
RUNS_LABEL = "dev.pinion.runs"


def is_packaged(path: PurePosixPath) -> bool:
    """Return whether a file of a package is part of what runs: no test, no bytecode, not hidden."""
    if any(part.startswith(".") or part == "__pycache__" for part in path.parts):
        return False
    return not any(path.match(pattern) for pattern in (*_TESTS, "*.pyc"))


@dataclass(frozen=True)
class Content:
    """A component's content; equal hashes are equal components.

    An image from before there were schemes has a hash without one, and says nothing in `runs`.
    """

    hash: str
    runs: str
    requirements: Mapping[str, str]
    interface_text: str

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Content":
        """Return the content of files by their paths, relative to the component's folder.

        The base image is among them under its path in the repository. Raises `ValueError` if
        something is missing or is not what it should be.
        """
        try:
            beside = {name: files[name] for name in (*_BESIDE, BASE_IMAGE)}
            lock, interface = files[_LOCK].decode(), files["component.yaml"].decode()
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from None
        ran = {name: content for name, content in files.items() if name not in beside}
        runs = _hash(ran)
        pins = read_pins(lock)
        content = cls(
            SCHEME + _hash({**beside, "runs": runs.encode()}),
            SCHEME + runs,
            {name: pin.version for name, pin in pins.items()},
            interface,
        )
        # An interface that is none is found out here, and not where it is first looked at.
        _ = content.interface
        return content

    @classmethod
    def described(cls, files: Mapping[str, bytes], labels: Mapping[str, str]) -> "Content":
        """Return the content of an image from its own description and labels.

        Raises `ValueError` for an image that is not a component's.
        """
        try:
            deps, app, interface, dockerfile = (files[name].decode() for name in DESCRIPTION)
            wheels: dict[str, str] = json.loads(deps)["distributions"]
            program = json.loads(app)
            content = cls(
                labels.get(CONTENT_LABEL) or _before(wheels, program, interface, dockerfile),
                labels.get(RUNS_LABEL, ""),
                versions(wheels),
                interface,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        _ = content.interface
        return content

    @cached_property
    def interface(self) -> Interface:
        """The parsed component.yaml."""
        return Interface.parse(self.interface_text)


def comparable(one: str, other: str) -> bool:
    """Whether two hashes are of the same scheme, so that they differ only if the contents do."""
    return one.startswith(SCHEME) == other.startswith(SCHEME)


def only_content(name: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of a component's files that are part of its content.

    All modules of the library may be among them, as `pinion_step/…`.
    """
    beside = (_LOCK, *_BESIDE, BASE_IMAGE)
    own = {
        path: content
        for path, content in files.items()
        if path in beside or (path.startswith(f"{name}/") and is_packaged(PurePosixPath(path)))
    }
    return own | library_modules(own, files)


def library_modules(own: Mapping[str, bytes], known: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the modules of the library that a component's files import, directly or not."""
    found: dict[str, bytes] = {}
    new = {path: text for path, text in own.items() if path.endswith(".py")}
    while new:
        names = {name.decode() for text in new.values() for name in _IMPORT.findall(text)}
        paths = [f"{LIBRARY}/{name}.py" for name in sorted(names)]
        paths = [f"{LIBRARY}/__init__.py", *paths] if paths else []
        new = {path: known[path] for path in paths if path in known and path not in found}
        found |= new
    return found


def read_tree(folder: Path, root: Path) -> dict[str, bytes]:
    """Return the files that make the component in a folder of the working tree at `root`."""
    package = (each.relative_to(folder) for each in folder.glob(f"{folder.name}/**/*"))
    names = [each.as_posix() for each in package if is_packaged(PurePosixPath(each))]
    paths = {name: folder / name for name in (*names, _LOCK, *_BESIDE)}
    paths[BASE_IMAGE] = root / BASE_IMAGE
    modules = root.glob(f"{LIBRARY_FOLDER}/{LIBRARY}/*.py")
    paths |= {f"{LIBRARY}/{each.name}": each for each in modules}
    files = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
    return only_content(folder.name, files)


def _hash(files: Mapping[str, bytes]) -> str:
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _before(
    wheels: Mapping[str, str], program: Mapping[str, Any], interface: str, dockerfile: str
) -> str:
    """Return the hash of an image from before there were schemes, as the locks of then hold it."""
    dependencies = _joined(f"{wheel} {digest}" for wheel, digest in wheels.items())
    code = _joined((program["code_hash"], program["entry_point"]))
    return _joined((dependencies, code, interface, dockerfile))


def _joined(texts: Iterable[str]) -> str:
    each = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def versions(wheels: Iterable[str]) -> dict[str, str]:
    """Return the versions of packages by name, from the file names of their wheels."""
    pairs = (wheel.split("-")[:2] for wheel in sorted(wheels))
    return {canonicalize_name(name): version for name, version in pairs}
