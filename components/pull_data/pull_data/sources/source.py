"""Where a table comes from: the `--source` flag, parsed once."""

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from pinion_step.errors import StepError, WrongCallError

DEFAULT_SOURCE = "sample:breast_cancer"
KNOWN = "a path, file://, http://, https://, s3://, gs:// or sample:NAME"
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)(?=://)|(?P<sample>sample)(?=:)")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
_VERSION = re.compile(r"[?&](versionId|generation)=|#\d+$")


@dataclass(frozen=True)
class LocalSource:
    """A file that is read in place, or a folder of files."""

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


Source = LocalSource | SampleSource | WebSource | ObjectSource


def parse_source(text: str) -> Source:
    """Parse what `--source` gave.

    Raises StepError with exit code 2 for an empty text, an unknown protocol or sample, or a URL
    without host.
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
    if match["sample"]:
        return _sample(text)
    scheme = match["scheme"].lower()
    if scheme == "file":
        return _file_url(text)
    if scheme in ("http", "https"):
        return _web(text)
    if scheme in ("s3", "gs"):
        return _object(scheme, text[match.end("scheme") + len("://") :])
    raise WrongCallError(f"--source: unknown protocol {scheme}:// (known: {KNOWN})")


def sample_names() -> list[str]:
    """Return the names that may follow `sample:`."""
    folder = files("pull_data") / "samples"
    return sorted(e.name.removesuffix(".csv") for e in folder.iterdir() if e.name.endswith(".csv"))


def _sample(text: str) -> SampleSource:
    name = text.removeprefix("sample:")
    if name not in sample_names():
        known = ", ".join(f"sample:{known}" for known in sample_names())
        raise WrongCallError(f"--source: unknown sample {text!r} (known: {known})")
    return SampleSource(text, files("pull_data") / "samples" / f"{name}.csv")


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
        raise WrongCallError("--source: the URL names no host")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    return WebSource(urlunsplit((parts.scheme, netloc, parts.path, "", "")), text)


def _object(scheme: str, address: str) -> ObjectSource:
    bucket, slash, key = address.partition("/")
    if not _BUCKET.fullmatch(bucket):
        # Not repeated either: some write their keys before the bucket.
        raise _wrong_object(scheme, "names no bucket", f"give {scheme}://BUCKET/KEY")
    if not slash:
        raise _wrong_object(
            scheme,
            "names a bucket alone",
            f"give {scheme}://BUCKET/KEY, or {scheme}://BUCKET/ for the Parquet files in it",
        )
    if _VERSION.search(key):
        raise _wrong_object(
            scheme, "asks for a version", "give the object alone, and its bytes' hash as --sha256"
        )
    if "*" in key or "?" in key:
        raise _wrong_object(scheme, "is a pattern", "give one object, or a folder of Parquet files")
    return ObjectSource(scheme, bucket, key)


def _wrong_object(scheme: str, what: str, hint: str) -> StepError:
    return WrongCallError(f"--source: this {scheme}:// address {what}; {hint}")
