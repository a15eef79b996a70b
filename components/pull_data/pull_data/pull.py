"""From a source to the dataset: fetch, hash, convert, and move into place when whole."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file
from pathlib import Path

import pyarrow as pa

from pull_data.csv_table import read_csv
from pull_data.errors import PullDataError, reason
from pull_data.formats import Format, detect_format
from pull_data.json_lines import read_json_lines
from pull_data.parquet_table import read_parquet
from pull_data.source import ObjectSource, SampleSource, Source, WebSource
from pull_data.table import Table, write_parquet
from pull_data.text_stream import open_text

Log = Callable[[str], None]


@dataclass(frozen=True)
class Pulled:
    """What was written. `sha256` is that of the bytes of the source, in hexadecimal."""

    rows: int
    columns: int
    source: str
    sha256: str


def pull(source: Source, sha256: str, dataset: Path, log: Log) -> Pulled:
    """Write the table at `source` to the Parquet file `dataset`.

    `sha256` is what the bytes must hash to, or empty. Raises PullDataError where the source cannot
    be read, is no table or has another hash; then nothing is written.
    """
    with staging_folder(dataset) as staging, _fetched(source, staging, log) as (file, actual):
        if sha256 and sha256 != actual:
            raise PullDataError(
                f"{source.name}: the SHA-256 is {actual}, not {sha256} as --sha256 demands; check"
                " the source, or the hash"
            )
        before = _identity(file)
        table = read_table(file, source.name, log)
        whole = staging / "dataset"
        metadata = {"pinion.source": source.name, "pinion.sha256": actual}
        try:
            rows = write_parquet(table, whole, metadata)
        except MemoryError:
            raise
        except pa.ArrowException as error:
            raise PullDataError(
                f"{source.name}: the table cannot be kept as Parquet: {reason(error)}"
            ) from None
        if _identity(file) != before:
            raise PullDataError(f"{source.name}: the file changed while it was read; try again")
        whole.replace(dataset)
    return Pulled(rows, len(table.schema), source.name, actual)


def read_table(file: Path, name: str, log: Log) -> Table:
    """Open the table in a file, whatever its format; `name` stands for it in messages."""
    match detect_format(file, name):
        case Format.PARQUET:
            return read_parquet(file, name, log)
        case Format.JSON_LINES:
            return read_json_lines(partial(open_text, file, name), name)
        case Format.CSV:
            return read_csv(open_text(file, name), name)


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """Give a folder beside `output`, from which a whole file can be moved; it goes in any case."""
    if output.exists() and not output.is_file():
        raise PullDataError(f"--dataset: {output} is a folder or a device; give the path of a file")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PullDataError(f"--dataset: no folder for {output}: {reason(error)}") from None
    with tempfile.TemporaryDirectory(
        prefix=f".{output.name}.", dir=output.parent, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@contextmanager
def _fetched(source: Source, staging: Path, log: Log) -> Iterator[tuple[Path, str]]:
    """Give the bytes of a source as a local file, with their SHA-256."""
    if isinstance(source, WebSource):
        # Not above: this import takes half of the step's time on a local file.
        from pull_data.download import download

        file = staging / "download"
        yield file, download(source, file, log)
    elif isinstance(source, ObjectSource):
        from pull_data.object_store import download_object

        file = staging / "download"
        yield file, download_object(source, file, log)
    elif isinstance(source, SampleSource):
        with as_file(source.resource) as file:
            yield file, _sha256(file, source.name)
    else:
        yield source.path, _sha256(source.path, source.name)


def _sha256(path: Path, name: str) -> str:
    if path.exists() and not path.is_file():
        raise PullDataError(f"{name}: not a file; give the path of one table")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        hint = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise PullDataError(f"{name}: no such file{hint}; check --source") from None
    except OSError as error:
        raise PullDataError(f"{name}: cannot be read: {reason(error)}") from None


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
