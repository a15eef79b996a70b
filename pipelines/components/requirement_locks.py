"""Read a component's requirements.lock: every package that it installs, pinned with hashes."""

import re
from dataclasses import dataclass

from packaging.utils import canonicalize_name

_ENTRY = re.compile(r"^(?=[^\s#])", re.MULTILINE)
_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; [^\\]+)?(?: \\)?")
_HASH = re.compile(r" +--hash=sha256:(?P<hash>[0-9a-f]{64})(?: \\)?")
# Which package needs it: a single one follows `# via`, several follow on lines below. A project is
# followed by its file.
_VIA = re.compile(r" +# (?:via |  )(?P<name>[\w.-]+)(?P<project> \(\S+\))?")


@dataclass(frozen=True)
class Pin:
    """A package in a lock.

    `hashes` are the SHA-256 of every file that may be installed for it, in hexadecimal. `needed_by`
    are the packages that require it; `direct` means that the project itself requires it.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]
    direct: bool


def read_pins(text: str) -> dict[str, Pin]:
    """Return the packages of a lock by normalized name, sorted.

    Raise `ValueError` for any other line, so that no package is missed.
    """
    pins = [_pin(*entry.splitlines()) for entry in _ENTRY.split(text) if entry.strip()]
    return {pin.name: pin for pin in sorted(pins, key=lambda each: each.name)}


def _pin(first: str, *rest: str) -> Pin:
    pinned = _PIN.fullmatch(first)
    if pinned is None:
        raise ValueError(f"{first!r} is not a pin NAME==VERSION; make lock writes the file again")
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
            raise ValueError(
                f"{line.strip()!r} is neither a hash nor a package; make lock writes the file again"
            )
    return Pin(
        canonicalize_name(pinned["name"]),
        pinned["version"],
        tuple(hashes),
        tuple(sorted(map(canonicalize_name, packages))),
        direct,
    )
