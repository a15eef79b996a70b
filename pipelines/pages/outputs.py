"""Look at what a step wrote: sizes, hashes, values, and reports that a browser can show."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# A page has to be written at once, so larger files are not hashed, and longer texts not shown.
_HASHED, _SHOWN, _FILES = 4_000_000, 200, 2000
_HTML = b"<!doctype html"
REPORTS = "reports"
# What a program and the runner tell each other is no output.
_NO_OUTPUTS = ("arguments.json", "executor_output.json")


class Output(NamedTuple):
    """An output of a step: its size in bytes, or the value of a parameter, and a hash.

    `page` is where a browser finds it in the folder of the run.
    """

    name: str
    size: int
    value: str
    hash: str
    page: str

    @property
    def is_parameter(self) -> bool:
        """Whether its value is shown, which may be empty."""
        return bool(self.value) or not self.size

    @property
    def is_report(self) -> bool:
        """Whether it is a page for people."""
        return self.page.startswith(f"{REPORTS}/")


def outputs(folder: Path, step: str) -> list[Output]:
    """Return what a step wrote in the folder of its run."""
    place = folder / step
    found = sorted(place.iterdir()) if place.is_dir() else []
    return [_output(folder, step, each) for each in found if each.name not in _NO_OUTPUTS]


def _output(folder: Path, step: str, path: Path) -> Output:
    size, page = sum(each.stat().st_size for each in _files(path)), f"{step}/{path.name}"
    if path.suffix == ".txt" and size <= _SHOWN:
        return Output(path.stem, size, path.read_text(errors="replace"), "", page)
    content = path.read_bytes() if path.is_file() and size <= _HASHED else b""
    if content[: len(_HTML)].lower() == _HTML:
        page = _with_suffix(folder, step, path.name, content)
    short = hashlib.sha256(content).hexdigest()[:12] if content else ""
    return Output(path.name, size, "", short, page)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for number, each in enumerate(path.rglob("*")):
        if number < _FILES and each.is_file():
            yield each


def _with_suffix(folder: Path, step: str, name: str, content: bytes) -> str:
    """Copy a report to a name with a suffix, without which a browser shows its source.

    Through a symbolic link, Chromium would see the name without a suffix.
    """
    place = folder / REPORTS / f"{step}-{name}.html"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content)
    return f"{REPORTS}/{place.name}"
