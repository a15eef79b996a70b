"""What uv's messages mean for a person, and what to do about them."""

import re
from collections.abc import Mapping
from pathlib import Path

# The file that an error of the system is about stands before it, or behind it.
_BEFORE = r"(?:(?P<what>/[^\s`'\"]+)[`'\"]?: )?"
_BEHIND = r"(?: \(os error \d+\) at path \"(?P<behind>[^\"]+)\")?"
_ROOM = "{where} has no space left; free some, or set {variable} to a folder with more"
_WRITE = "{where} cannot be written to; set {variable} to a folder that you can write to"
_LACKS = "the index lacks {what}, which is in the lock; name another index with UV_DEFAULT_INDEX"

# The first that is found in what uv says counts.
_REASONS = (
    (
        r"Hash mismatch for `(?P<what>[^`]+)`",
        "the file that the index has of {what} is not the one in the lock; if you trust it, run"
        " make lock, otherwise find out who changed it",
    ),
    (
        r"must have (?:their versions pinned|a hash).*: (?P<what>\S+)",
        "{what} has no version or no hash in the lock; run make lock",
    ),
    (f"{_BEFORE}(?:No space left on device|Disk quota exceeded){_BEHIND}", _ROOM),
    (f"{_BEFORE}(?:Read-only file system|Permission denied){_BEHIND}", _WRITE),
    (
        r"network was disabled",
        "the packages are not in uv's cache, and UV_OFFLINE keeps it from the network; unset that",
    ),
    (
        r"(?i)dns error|tcp connect error|error sending request|Could not connect"
        r"|Failed to fetch|Failed to download|operation timed out|client error",
        "the packages cannot be downloaded from {index}; check the network, or name another index"
        " with UV_DEFAULT_INDEX",
    ),
    (
        r"No interpreter found",
        "CPython 3.11 is needed and cannot be downloaded; install it (your system's package, or"
        " pyenv install 3.11)",
    ),
    (r"no version of (?P<what>\S+)", _LACKS),
    (r"(?P<what>\S+) was not found in the package registry", _LACKS),
)  # fmt: skip
_COMPILED = [(re.compile(pattern), text) for pattern, text in _REASONS]
_INDEX = re.compile(r"Failed to fetch: `?(?P<index>\w+://[^/\s`]+)")


def explain(said: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Return one line on why uv failed.

    `said` is what it printed, `folder` where it was to write, `variables` its environment.
    """
    for pattern, text in _COMPILED:
        if match := pattern.search(said):
            what = next(filter(None, match.groups()), "")
            where, variable = _place(what, folder, variables)
            index = _INDEX.search(said)
            # An address may hold a password before the @.
            host = index["index"].rpartition("@")[2] if index else "the index"
            return text.format(what=what, where=where, variable=variable, index=host)
    return f"uv says: {last_line(said) or 'nothing'}"


def last_line(text: str) -> str:
    """Return the last line that is not empty, without uv's and our own prefixes."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^(error|cause|pinion): ", "", lines[-1]) if lines else ""


def _place(path: str, folder: Path, variables: Mapping[str, str]) -> tuple[str, str]:
    """Return the folder that an error is about, and the variable that moves it."""
    cache = variables.get("UV_CACHE_DIR", "")
    if cache and path and Path(path).is_relative_to(Path(cache).absolute()):
        return cache, "UV_CACHE_DIR"
    inside = not path or Path(path).is_relative_to(folder)
    return str(folder if inside else Path(path).parent), "XDG_CACHE_HOME"
