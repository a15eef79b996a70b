"""Where a table comes from: the `--source` flag, parsed once."""

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from pull_data.errors import PullDataError

DEFAULT_SOURCE = "sample:breast_cancer"
KNOWN = "a path, file://, http://, https:// or sample:NAME"
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)(?=://)|(?P<sample>sample)(?=:)")


@dataclass(frozen=True)
class LocalSource:
    """A file that is read in place."""

    name: str
    path: Path


@dataclass(frozen=True)
class SampleSource:
    """A table inside this package, which may itself be inside an archive."""

    name: str
    resource: Traversable


@dataclass(frozen=True)
class WebSource:
    """A URL to download. `name` leaves out what may be secret: the user, the query."""

    name: str
    url: str


Source = LocalSource | SampleSource | WebSource


def parse_source(text: str) -> Source:
    """Parse what `--source` gave.

    Raises PullDataError with exit code 2 for an unknown protocol or sample, or a URL without host.
    """
    match = _SCHEME.match(text)
    if match is None:
        return LocalSource(text, Path(text))
    if match["sample"]:
        return _sample(text)
    scheme = match["scheme"].lower()
    if scheme == "file":
        return _file_url(text)
    if scheme in ("http", "https"):
        return _web(text)
    raise PullDataError(f"--source: unknown protocol {scheme}:// (known: {KNOWN})", exit_code=2)


def sample_names() -> list[str]:
    """Return the names that may follow `sample:`."""
    folder = files("pull_data") / "samples"
    return sorted(e.name.removesuffix(".csv") for e in folder.iterdir() if e.name.endswith(".csv"))


def _sample(text: str) -> SampleSource:
    name = text.removeprefix("sample:")
    if name not in sample_names():
        known = ", ".join(f"sample:{known}" for known in sample_names())
        raise PullDataError(f"--source: unknown sample {text!r} (known: {known})", exit_code=2)
    return SampleSource(text, files("pull_data") / "samples" / f"{name}.csv")


def _file_url(text: str) -> LocalSource:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise PullDataError(
            f"--source: {text!r} names the host {parts.netloc!r}; a file URL of this machine has"
            " three slashes, file:///folder/table.csv",
            exit_code=2,
        )
    return LocalSource(text, Path(url2pathname(parts.path)))


def _web(text: str) -> WebSource:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        # The text is not repeated: what cannot be parsed cannot be freed of its secrets.
        raise PullDataError(f"--source: not a URL: {error}", exit_code=2) from None
    if not host:
        raise PullDataError("--source: the URL names no host", exit_code=2)
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    return WebSource(urlunsplit((parts.scheme, netloc, parts.path, "", "")), text)
