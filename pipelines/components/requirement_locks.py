"""A component's requirements.lock: every package that it may install, pinned and with hashes."""

import re
from dataclasses import dataclass

from packaging.utils import canonicalize_name

_ENTRY = re.compile(r"^(?=[^\s#])", re.MULTILINE)
_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; [^\\]+)?(?: \\)?")
_HASH = re.compile(r" +--hash=sha256:(?P<hash>[0-9a-f]{64})(?: \\)?")
# Who needs it: one stands behind `# via`, several stand below. A project has its file behind it.
_VIA = re.compile(r" +# (?:via |  )(?P<name>[\w.-]+)(?P<project> \(\S+\))?")


@dataclass(frozen=True)
class Pin:
    """A package in a lock.

    `hashes` are the SHA-256 of every file that may be installed as it, in hexadecimal; `needed_by`
    the packages that ask for it; `direct` says that the project itself does.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]
    direct: bool


def read_pins(text: str) -> dict[str, Pin]:
    """The packages of a lock by their normalized names, in the order of these.

    Raises `ValueError` for a line that means something else, so that no package is passed over.
    """
    pins = [_pin(*entry.splitlines()) for entry in _ENTRY.split(text) if entry.strip()]
    return {pin.name: pin for pin in sorted(pins, key=lambda each: each.name)}


def _pin(first: str, *rest: str) -> Pin:
    pinned = _PIN.fullmatch(first)
    if pinned is None:
        raise ValueError(f"{first!r} pins no package; make lock writes NAME==VERSION")
    hashes: list[str] = []
    packages: list[str] = []
    direct = False
    for line in rest:
        if match := _HASH.fullmatch(line):
            hashes.append(match["hash"])
        elif match := _VIA.fullmatch(line):
            if match["project"]:
                direct = True
            else:
                packages.append(match["name"])
        elif line.strip() not in ("", "# via"):
            raise ValueError(f"{line.strip()!r} is no hash and no package; make lock writes it")
    return Pin(
        _normal(pinned["name"]),
        pinned["version"],
        tuple(hashes),
        tuple(sorted(map(_normal, packages))),
        direct,
    )


def _normal(name: str) -> str:
    return str(canonicalize_name(name))
