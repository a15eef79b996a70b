"""Hash what a component is made of, in two ways.

`runs` covers what a step runs: the files of its package except tests, the modules of the library
that it imports, and its lock. It is part of the cache key. `content` covers `runs`, the interface,
the Dockerfile and the pinned base image. It identifies the content of a version, an image and a
release. Both are hashes of a list in the format of `sha256sum`, sorted by path, so that they are
the same on every machine, before and after a build. The `pants` launcher computes them with
`sha256sum` itself.
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

from pipelines.components.interface import Interface
from pipelines.components.requirement_locks import read_pins

# The prefix of every hash, so that hashes of another kind are never compared with these.
SCHEME = "s1:"
BASE_IMAGE = "build-support/base-image.txt"
# The library that components share, and its folder. In a program it is beside the component's
# package.
LIBRARY = "pinion_step"
LIBRARY_FOLDER = f"libraries/{LIBRARY}"
# The only form in which components import it, so that `sed` in the launcher finds the imports too;
# a contract test checks that.
_IMPORT = re.compile(rb"^[ \t]*from pinion_step\.([\w.]+) import ", re.MULTILINE)
_LOCK = "requirements.lock"
_BESIDE = ("Dockerfile", "component.yaml")
_TESTS = ("*_test.py", "conftest.py")
# The files and the labels by which an image describes itself; the files are in /app/component.
DESCRIPTION = ("deps.json", "app.json", "component.yaml", "Dockerfile")
CONTENT_LABEL = "dev.pinion.content"
RUNS_LABEL = "dev.pinion.runs"


def is_packaged(path: PurePosixPath) -> bool:
    """Return whether a file of a package is part of what runs: not a test, bytecode or hidden."""
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not (hidden or any(path.match(pattern) for pattern in (*_TESTS, "*.pyc")))


@dataclass(frozen=True)
class Content:
    """A component's content; equal hashes mean equal components.

    An image that was built before hashes had a scheme has a hash without one, and an empty `runs`.
    """

    hash: str
    runs: str
    requirements: Mapping[str, str]
    interface_text: str

    def __post_init__(self) -> None:
        # Parse the interface now, so that a malformed one is reported here.
        _ = self.interface

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Content":
        """Return the content of files, whose paths are relative to the component's folder.

        Only the base image has its path in the repository. Raise `ValueError` if a file is missing
        or malformed.
        """
        try:
            beside = {name: files[name] for name in (*_BESIDE, BASE_IMAGE)}
            lock, interface = files[_LOCK].decode(), files["component.yaml"].decode()
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from None
        runs = _hash({name: text for name, text in files.items() if name not in beside})
        return cls(
            SCHEME + _hash({**beside, "runs": runs.encode()}),
            SCHEME + runs,
            {name: pin.version for name, pin in read_pins(lock).items()},
            interface,
        )

    @classmethod
    def described(cls, files: Mapping[str, bytes], labels: Mapping[str, str]) -> "Content":
        """Return the content of an image, read from its own description and labels.

        Raise `ValueError` if the image is not that of a component.
        """
        try:
            deps, app, interface, dockerfile = (files[name].decode() for name in DESCRIPTION)
            wheels: dict[str, str] = json.loads(deps)["distributions"]
            return cls(
                labels.get(CONTENT_LABEL)
                or _before(wheels, json.loads(app), interface, dockerfile),
                labels.get(RUNS_LABEL, ""),
                versions(wheels),
                interface,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    @cached_property
    def interface(self) -> Interface:
        """The parsed component.yaml."""
        return Interface.parse(self.interface_text)


def comparable(one: str, other: str) -> bool:
    """Return whether two hashes have the same scheme, so that only other contents differ."""
    return one.startswith(SCHEME) == other.startswith(SCHEME)


def only_content(name: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a component that are part of its content.

    `files` may hold every module of the library, as `pinion_step/NAME.py` or deeper.
    """
    own = {
        path: content
        for path, content in files.items()
        if path in (_LOCK, *_BESIDE, BASE_IMAGE)
        or (path.startswith(f"{name}/") and is_packaged(PurePosixPath(path)))
    }
    return own | library_modules(own, files)


def library_modules(own: Mapping[str, bytes], known: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the modules of the library that a component's files import, directly or not."""
    found: dict[str, bytes] = {}
    new = {path: text for path, text in own.items() if path.endswith(".py")}
    while new:
        names = {name.decode() for text in new.values() for name in _IMPORT.findall(text)}
        modules = [PurePosixPath(LIBRARY, f"{name.replace('.', '/')}.py") for name in sorted(names)]
        # The folders that they are in are packages.
        packages = {above / "__init__.py" for path in modules for above in path.parents[:-1]}
        paths = [str(path) for path in (*sorted(packages), *modules)]
        new = {path: known[path] for path in paths if path in known and path not in found}
        found |= new
    return found


def read_tree(folder: Path, root: Path) -> dict[str, bytes]:
    """Return the files that make up the component in a folder of the working tree at `root`."""
    package = (each.relative_to(folder) for each in folder.glob(f"{folder.name}/**/*"))
    names = [each.as_posix() for each in package if is_packaged(PurePosixPath(each))]
    paths = {name: folder / name for name in (*names, _LOCK, *_BESIDE)}
    paths[BASE_IMAGE] = root / BASE_IMAGE
    library = root / LIBRARY_FOLDER
    paths |= {
        each.relative_to(library).as_posix(): each for each in library.glob(f"{LIBRARY}/**/*.py")
    }
    return only_content(
        folder.name, {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
    )


def _hash(files: Mapping[str, bytes]) -> str:
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _before(
    wheels: Mapping[str, str], program: Mapping[str, Any], interface: str, dockerfile: str
) -> str:
    """Return the hash of an image from before hashes had a scheme, as its release's lock has it."""
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
