"""Translate uv's messages into one line that says what is wrong and what to do."""

import re
from collections.abc import Mapping
from pathlib import Path

# The path that a system error is about stands before or after the error.
_BEFORE = r"(?:(?P<what>/[^\s`'\"]+)[`'\"]?: )?"
_BEHIND = r"(?: \(os error \d+\) at path \"(?P<behind>[^\"]+)\")?"
_ROOM = "{where} has no space left; free some space, or set {variable} to a folder with more"
_WRITE = "{where} cannot be written to; set {variable} to a folder that you can write to"
_LACKS = "the index lacks {what}, which is in the lock; set UV_DEFAULT_INDEX to another index"

# The first pattern that is found in uv's message counts.
_REASONS = (
    (
        r"Hash mismatch for `(?P<what>[^`]+)`",
        "the index serves another file of {what} than the lock allows; if you trust it, run make"
        " lock, otherwise find out who changed it",
    ),
    (
        r"must have (?:their versions pinned|a hash).*: (?P<what>\S+)",
        "{what} has no version or no hash in the lock; run make lock",
    ),
    (f"{_BEFORE}(?:No space left on device|Disk quota exceeded){_BEHIND}", _ROOM),
    (f"{_BEFORE}(?:Read-only file system|Permission denied){_BEHIND}", _WRITE),
    (
        r"network was disabled",
        "the packages are not in uv's cache, and UV_OFFLINE forbids the network; unset UV_OFFLINE",
    ),
    (
        r"(?i)dns error|tcp connect error|error sending request|Could not connect"
        r"|Failed to fetch|Failed to download|operation timed out|client error",
        "the packages cannot be downloaded from {index}; check the network, or set UV_DEFAULT_INDEX"
        " to another index",
    ),
    (
        r"No interpreter found",
        "CPython 3.11 is needed and cannot be downloaded; install it (with your system's package"
        " manager, or pyenv install 3.11)",
    ),
    (r"no version of (?P<what>\S+)", _LACKS),
    (r"(?P<what>\S+) was not found in the package registry", _LACKS),
)  # fmt: skip
_INDEX = re.compile(r"Failed to fetch: `?(?P<index>\w+://[^/\s`]+)")


def explain(message: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Return one line on why uv failed.

    `message` is what uv printed, `folder` where it should write, `variables` its environment.
    """
    for pattern, text in _REASONS:
        if match := re.search(pattern, message):
            what = next(filter(None, match.groups()), "")
            where, variable = _place(what, folder, variables)
            index = _INDEX.search(message)
            # An address may hold a password before the @.
            host = index["index"].rpartition("@")[2] if index else "the index"
            return text.format(what=what, where=where, variable=variable, index=host)
    return f"uv failed: {last_line(message) or 'it printed nothing'}"


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
