"""Where a table comes from: the `--source` flag, parsed once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from pinion_step.errors import WrongCallError

DEFAULT_SOURCE = "sample:breast_cancer"
KNOWN = "a path, file://, http://, https://, s3://, gs:// or sample:NAME"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)|sample(?=:)")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
_VERSION = re.compile(r"[?&](versionId|generation)=|#\d+$")


@dataclass(frozen=True)
class SampleSource:
    """A sample that comes with pull_data, by its whole name, such as `sample:diabetes`."""

    name: str


@dataclass(frozen=True)
class LocalSource:
    """A file that is read in place, or a folder of files."""

    name: str
    path: Path


@dataclass(frozen=True)
class WebSource:
    """A URL to download. `name` leaves out what may be secret: the user, the query."""

    name: str
    url: str


@dataclass(frozen=True)
class ObjectSource:
    """One object of a bucket in S3 (`s3`) or in Google Cloud Storage (`gs`), or a folder of them.

    A key that is empty or ends in a slash names a folder. One that does not may still turn out to
    be a folder, which only the store knows.
    """

    scheme: str
    bucket: str
    key: str

    @property
    def name(self) -> str:
        """The address, which holds no secret."""
        return f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def prefix(self) -> str:
        """What the keys of a folder's objects start with."""
        return self.key if self.names_folder else f"{self.key}/"

    @property
    def names_folder(self) -> bool:
        """Whether only a folder can be meant."""
        return not self.key or self.key.endswith("/")

    def part(self, path: str) -> "ObjectSource":
        """Return the object at a path in this folder."""
        return ObjectSource(self.scheme, self.bucket, self.prefix + path)


Source = SampleSource | LocalSource | WebSource | ObjectSource


def parse_source(text: str) -> Source:
    """Parse what `--source` gave.

    Raises `WrongCallError` for an empty text, an unknown protocol, or a URL without host.
    """
    if not text.strip():
        # Elsewhere an empty value means "not given"; here that would be a sample nobody asked for.
        raise WrongCallError(
            f"--source: {text!r} is empty; give {KNOWN}, or leave the flag out to read"
            f" {DEFAULT_SOURCE}",
        )
    match = _SCHEME.match(text)
    if match is None:
        return LocalSource(text, Path(text))
    scheme = match[0].lower()
    if scheme not in _PARSERS:
        raise WrongCallError(f"--source: unknown protocol {scheme}:// (known: {KNOWN})")
    return _PARSERS[scheme](text)


def _file_url(text: str) -> LocalSource:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise WrongCallError(
            f"--source: {text!r} names the host {parts.netloc!r}; a file URL of this machine has"
            " three slashes, file:///folder/table.csv",
        )
    return LocalSource(text, Path(url2pathname(parts.path)))


def _web(text: str) -> WebSource:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        # The text is not repeated: what cannot be parsed cannot be freed of its secrets.
        raise WrongCallError(f"--source: not a URL: {error}") from None
    if not host:
        raise WrongCallError("--source: the URL names no host; check the address")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    return WebSource(urlunsplit((parts.scheme, netloc, parts.path, "", "")), text)


def _object(text: str) -> ObjectSource:
    protocol, _, address = text.partition("://")
    scheme = protocol.lower()
    bucket, slash, key = address.partition("/")
    whole = f"give {scheme}://BUCKET/KEY"
    wrong = (
        (not _BUCKET.fullmatch(bucket), f"names no bucket; {whole}"),
        (
            not slash,
            f"names a bucket alone; {whole}, or {scheme}://BUCKET/ for the Parquet files in it",
        ),
        (
            _VERSION.search(key),
            "asks for a version; give the object alone, and its bytes' hash as --sha256",
        ),
        (
            "*" in key or "?" in key,
            "is a pattern; give one object, or a folder of Parquet files",
        ),
    )
    for is_wrong, what in wrong:
        if is_wrong:
            # The address is not repeated: some people write their keys before the bucket.
            raise WrongCallError(f"--source: this {scheme}:// address {what}")
    return ObjectSource(scheme, bucket, key)


_PARSERS: dict[str, Callable[[str], Source]] = {
    "sample": SampleSource,
    "file": _file_url,
    "http": _web,
    "https": _web,
    "s3": _object,
    "gs": _object,
}
