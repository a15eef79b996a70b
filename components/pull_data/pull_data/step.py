"""From a source to the dataset: fetch, hash, convert, and move into place when whole."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path

import pyarrow as pa

from pinion_step.errors import StepError, reason
from pinion_step.outputs import staged
from pull_data.formats.table import write_parquet
from pull_data.sources.fetched import Fetched, File, Log
from pull_data.sources.local import read_in_place
from pull_data.sources.source import ObjectSource, SampleSource, Source, WebSource


@dataclass(frozen=True)
class Pulled:
    """What was written. `sha256` is the hash of the source, in hexadecimal."""

    rows: int
    columns: int
    source: str
    sha256: str


def pull(source: Source, sha256: str, dataset: Path, log: Log) -> Pulled:
    """Write the table at `source` to the Parquet file `dataset`.

    `sha256` is what the source must hash to, or empty. Raises StepError where the source cannot
    be read, is no table or has another hash; then nothing is written.
    """
    with (
        staged({"--dataset": dataset}) as outputs,
        folder_beside(dataset) as staging,
        _fetched(source, staging, log) as fetched,
    ):
        actual = fetched.sha256
        if sha256 and sha256 != actual:
            raise StepError(
                f"{source.name}: the SHA-256 is {actual}, not {sha256} as --sha256 demands;"
                " check the source, or the hash"
            )
        rows, columns = _convert(fetched, outputs["--dataset"], log)
    return Pulled(rows, columns, source.name, actual)


def _convert(fetched: Fetched, whole: Path, log: Log) -> tuple[int, int]:
    """Write the dataset, and return its number of rows and of columns."""
    table = fetched.table(log)
    metadata = {"pinion.source": fetched.name, "pinion.sha256": fetched.sha256}
    try:
        rows = write_parquet(table, whole, metadata)
    except MemoryError:
        raise
    except pa.ArrowException as error:
        raise StepError(
            f"{fetched.name}: the table cannot be kept as Parquet: {reason(error)}"
        ) from None
    return rows, len(table.schema)


@contextmanager
def folder_beside(output: Path) -> Iterator[Path]:
    """Give a temporary folder beside `output`, on the disk that is to hold it."""
    with tempfile.TemporaryDirectory(
        prefix=f".{output.name}.", dir=output.parent, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@contextmanager
def _fetched(source: Source, staging: Path, log: Log) -> Iterator[Fetched]:
    """Give the bytes of a source on this machine, with their hash."""
    if isinstance(source, WebSource):
        # Not above: this import takes half of the step's time on a local file.
        from pull_data.sources.download import download

        file = staging / "download"
        yield File(source.name, file, download(source, file, log))
    elif isinstance(source, ObjectSource):
        from pull_data.sources.object_store import download_objects

        yield download_objects(source, staging, log)
    elif isinstance(source, SampleSource):
        with as_file(source.resource) as file, read_in_place(file, source.name) as fetched:
            yield fetched
    else:
        with read_in_place(source.path, source.name) as fetched:
            yield fetched
