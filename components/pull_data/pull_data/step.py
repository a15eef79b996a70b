"""From a source to the dataset: fetch, hash, convert, and move into place when whole."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pinion_step.errors import StepError, reason
from pinion_step.outputs import staged
from pinion_step.sources.source import LocalSource, ObjectSource, SampleSource, Source, WebSource
from pinion_step.sources.version import check_version, is_of_bytes, of_bytes
from pull_data.formats.csv.options import DEFAULTS, CsvOptions
from pull_data.formats.folder import hashed
from pull_data.formats.table import Log, Places, Table, write_parquet
from pull_data.sources.fetched import Fetched
from pull_data.sources.local import read_in_place
from pull_data.sources.samples import find_sample

# The first line is the header, and each further one a row.
PLAIN_CSV = Places(first=2, header=1)


def pull(
    source: Source,
    sha256: str,
    dataset: Path,
    log: Log,
    options: CsvOptions = DEFAULTS,
    version: str = "",
) -> str:
    """Write the table at `source` to the Parquet file `dataset`, and return a summary in one line.

    `sha256` is what the source must hash to, or empty; `options` say how a CSV is read; `version`
    is the one that the source must have, or empty. Raises `StepError` if the source cannot be read,
    is not a table or has another hash or version; then nothing is written.
    """
    with (
        staged({"--dataset": dataset}) as outputs,
        # On the disk that is to hold the dataset.
        TemporaryDirectory(
            prefix=f".{dataset.name}.", dir=dataset.parent, ignore_cleanup_errors=True
        ) as staging,
        _fetched(source, Path(staging), log, version) as fetched,
    ):
        actual = fetched.sha256
        _check_bytes(source.name, actual, sha256, version)
        table = fetched.table(options, log)
        rows = _write(table, outputs["--dataset"], fetched, options)
    return f"{rows} rows, {len(table.schema)} columns from {source.name} (sha256 {actual})"


def _check_bytes(name: str, actual: str, sha256: str, version: str) -> None:
    """Raise `StepError` unless the bytes have the hash and the version that are wanted."""
    if sha256 and sha256 != actual:
        raise StepError(
            f"{name}: the SHA-256 is {actual}, but --sha256 is {sha256}; check the source and the"
            " hash"
        )
    if is_of_bytes(version):
        check_version(name, of_bytes(actual), version)


def _write(table: Table, whole: Path, fetched: Fetched, options: CsvOptions) -> int:
    """Write the dataset with its origin, and return its number of rows."""

    def reading() -> dict[str, str]:
        known = {"parameters": options.given, "notes": table.notes}
        plain = not options.given and not table.notes
        late = {} if plain else {"pinion.reading": json.dumps(known, ensure_ascii=False)}
        if table.places != PLAIN_CSV:
            late["pinion.rows"] = json.dumps(asdict(table.places))
        return late

    try:
        origin = {"pinion.source": fetched.name, "pinion.sha256": fetched.sha256}
        if options.given:
            origin["pinion.pull_data"] = json.dumps(options.flags, ensure_ascii=False)
        return write_parquet(table, whole, origin, reading)
    except MemoryError:
        raise
    except pa.ArrowException as error:
        raise StepError(
            f"{fetched.name}: the table cannot be written as Parquet: {reason(error)}; change the"
            " types of its columns in the source"
        ) from None


@contextmanager
def _fetched(source: Source, staging: Path, log: Log, version: str) -> Iterator[Fetched]:
    """Give the bytes of a source on this machine, with their hash."""
    match source:
        case SampleSource():
            # It has no version: it changes with the step alone.
            check_version(source.name, "", version)
            with read_in_place(find_sample(source).path, source.name) as fetched:
                yield fetched
        case LocalSource():
            with read_in_place(source.path, source.name, version) as fetched:
                yield fetched
        case WebSource():
            # Not above: this import takes half of the step's time on a local file.
            from pull_data.sources.download import download

            file = staging / "download"
            download(source, file, log, version=version)
            yield Fetched(source.name, (hashed("", file, source.name),))
        case ObjectSource():
            from pull_data.sources.object_store import download_objects

            yield download_objects(source, staging, log, version=version)
