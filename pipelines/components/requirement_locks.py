"""Read a component's requirements.lock: every package that it installs, pinned with hashes."""

import re
from dataclasses import dataclass

from packaging.utils import canonicalize_name

_ENTRY = re.compile(r"^(?=[^\s#])", re.MULTILINE)
_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; [^\\]+)?(?: \\)?")
# A hash, a package that needs this one, or the comment above several of those: a single one
# follows `# via`, several follow on lines below. A project is followed by its file.
_DETAIL = re.compile(
    r" +--hash=sha256:(?P<hash>[0-9a-f]{64})(?: \\)?"
    r"| +# (?:via |  )(?P<name>[\w.-]+)(?P<project> \(\S+\))?"
    r"|\s*(?:# via)?\s*"
)


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
    details = []
    for line in rest:
        if not (match := _DETAIL.fullmatch(line)):
            raise ValueError(
                f"{line.strip()!r} is neither a hash nor a package; make lock writes the file again"
            )
        details.append(match)
    packages = [each["name"] for each in details if each["name"] and not each["project"]]
    return Pin(
        canonicalize_name(pinned["name"]),
        pinned["version"],
        tuple(each["hash"] for each in details if each["hash"]),
        tuple(sorted(map(canonicalize_name, packages))),
        any(each["project"] for each in details),
    )
