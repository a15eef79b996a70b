"""A Parquet file as batches of bounded size: cleaned rows, with columns in the types of kinds."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas import DataFrame, Series

from pinion_step.errors import StepError, reason
from preprocess.clean import MISSING, clean, count_markers, without_markers
from preprocess.reading.background import prefetched
from preprocess.reading.batch import Batch
from preprocess.reading.kinds import declared_kind, read_numbers
from preprocess.reading.places import Places, read_places

# A batch holds about as many values, whatever its width.
_BATCH_VALUES = 1 << 21
_BATCH_ROWS = 1 << 17
_BUFFER_BYTES = 1 << 16
# Of the batches. What lies free between values in use would add up to as much as a few batches; to
# give it back after each of them costs more time than it saves memory.
_RELEASED_EVERY = 2
# Of a small table, most of the time goes into cleaning it once more and into starting threads.
_KEPT_VALUES = 1 << 14

# The types that hold more whole numbers than a double, and those of pandas that do, with missing.
_INTEGERS = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}

# The types that a column may have, by the type that it is given.
_HELD = {
    pa.bool_(): (pa.types.is_boolean,),
    pa.float64(): (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    pa.timestamp("ms"): (pa.types.is_timestamp, pa.types.is_date),
    pa.string(): (
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        pa.types.is_null,
    ),
}
_REFUSED = (
    ", which is not supported; leave it out with --ignore-columns, or write it as text or numbers"
    " in the source"
)


class Dataset:
    """A Parquet file that can be read as often as needed."""

    def __init__(
        self,
        path: Path,
        ignored: tuple[str, ...] = (),
        markers: tuple[str, ...] = (),
        labels: frozenset[str] = frozenset(),
    ) -> None:
        """Open the file, without the ignored columns.

        `markers` are further missing values, and `labels` words that are classes of the target,
        though they are missing elsewhere.

        Raises `StepError` if it is not a usable table, or if it lacks an ignored column.
        """
        self._file = _opened(path)
        self._path = path
        self._markers = markers
        self._labels = labels
        self.rows = self._file.metadata.num_rows
        fields = list(self._file.schema_arrow)
        if not fields or not self.rows:
            raise StepError(f"--dataset: {path}: the table has no rows; give a table with rows")
        check_ignored(ignored, [field.name.strip() for field in fields])
        # By place, as a name with a dot could be taken for a path into a nested column.
        self._places = [
            place for place, field in enumerate(fields) if field.name.strip() not in ignored
        ]
        self._fields = [fields[place] for place in self._places]
        self._types = {field.name: plain_type(field) for field in self._fields}
        self._kept: dict[str, list[Batch]] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """The texts that are missing in every feature."""
        return (*MISSING, *(each for each in self._markers if each not in MISSING))

    @property
    def typed(self) -> frozenset[str]:
        """The columns that hold numbers, dates or booleans rather than text."""
        typed = (name for name, kind in self._types.items() if kind != pa.string())
        return frozenset(name.strip() for name in typed)

    @property
    def origin(self) -> dict[str, str]:
        """The metadata that record the origin of the table, by key."""
        metadata = self._file.schema_arrow.metadata or {}
        keys = ("pinion.source", "pinion.sha256", "pinion.pull_data")
        return {key: metadata[key.encode()].decode() for key in keys if key.encode() in metadata}

    @cached_property
    def places(self) -> Places:
        """Where the rows are in the source."""
        is_text = all(kind == pa.string() for kind in self._types.values())
        return read_places(self._file.metadata.metadata or {}, is_text)

    def batches(self, target: str) -> Iterator[Batch]:
        """Read and clean the rows in their order; those of a small table are kept."""
        if self.rows * len(self._types) > _KEPT_VALUES:
            return prefetched(self._batches(target))
        if target not in self._kept:
            self._kept[target] = list(self._batches(target))
        return iter(self._kept[target])

    def _batches(self, target: str) -> Iterator[Batch]:
        start = 0
        integers = frozenset(
            each.name.strip() for each in self._fields if _value_type(each) in _INTEGERS
        )
        for number, frame in enumerate(self._frames(target)):
            cleaned, words = self._cleaned(frame, target)
            infinite = _infinite(frame)
            yield Batch(cleaned, _numbers(cleaned), start, self.places, integers, words, infinite)
            start += len(frame)
            if number % _RELEASED_EVERY == 0:
                pa.default_memory_pool().release_unused()

    def _cleaned(self, frame: DataFrame, target: str) -> tuple[DataFrame, Counter[str]]:
        """Return cleaned rows, and the texts of the target that are missing, as they were."""
        cleaned = clean(frame)
        if self._markers:
            cleaned = cleaned.apply(lambda column: without_markers(column, self._markers))
        names = [str(name).strip() for name in frame]
        if target not in names or target not in cleaned or len(cleaned) < len(frame):
            return cleaned, Counter()
        given, lost = frame.iloc[:, names.index(target)], cleaned[target].isna()
        if not lost.any():
            return cleaned, Counter()
        if given.dtype != "str":
            return cleaned, count_markers(given, self._markers)
        texts = given[lost.to_numpy(bool)].dropna().str.strip()
        labels = texts[texts.isin(self._labels)]
        if len(labels):
            cleaned[target] = cleaned[target].where(
                ~given.index.isin(labels.index), given.str.strip()
            )
        others = texts[~texts.isin((*self._labels, ""))]
        return cleaned, Counter(others.value_counts().to_dict())

    def _frames(self, target: str) -> Iterator[DataFrame]:
        """Read the rows in frames of a bounded size.

        64-bit integers of the target stay such, as they may be labels that a double would merge.
        """
        types = self._types | {
            field.name: _value_type(field)
            for field in self._fields
            if field.name.strip() == target and _value_type(field) in _INTEGERS
        }
        rows = max(1, min(_BATCH_ROWS, _BATCH_VALUES // len(self._types)))
        try:
            # Not a loop, whose variable would hold a batch until the next one is read.
            read = self._file.iter_batches(batch_size=rows)
            yield from map(partial(_frame, types, self._places), read)
        except (pa.ArrowException, OSError) as error:
            raise StepError(
                f"--dataset: {self._path}: the Parquet file is damaged: {reason(error)};"
                " run pull_data again"
            ) from None


def _opened(path: Path) -> pq.ParquetFile:
    if not path.is_file():
        problem = "not a file" if path.exists() else "no such file"
        raise StepError(f"--dataset: {path}: {problem}; give the file that pull_data wrote")
    try:
        return pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise StepError(
            f"--dataset: {path}: not a Parquet file: {reason(error)}; give the file that"
            " pull_data wrote"
        ) from None


def check_ignored(ignored: tuple[str, ...], columns: list[str]) -> None:
    """Raise `StepError` if an ignored column is not in the table."""
    for name in ignored:
        if name not in columns:
            close = get_close_matches(name, columns, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "leave it out"
            raise StepError(f"--ignore-columns: {name!r} is not a column; {hint}")


def _frame(types: dict[str, pa.DataType], places: list[int], batch: pa.RecordBatch) -> DataFrame:
    batch = batch.select(places)
    # A damaged page may hold text that is not UTF-8, which would fail only when it is used.
    batch.validate(full=True)
    columns = [
        # Not safe: dates lose what is finer than a millisecond, integers what a double cannot hold.
        column.cast(kind, safe=False)
        for column, kind in zip(batch.columns, types.values(), strict=True)
    ]
    table = pa.Table.from_arrays(columns, names=list(types))
    return table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype(), **_INTEGERS}.get)


def _infinite(frame: DataFrame) -> Counter[str]:
    numbers = {str(name).strip(): each for name, each in frame.items() if each.dtype == "float64"}
    counts = {name: int(np.count_nonzero(np.isinf(each))) for name, each in numbers.items()}
    return Counter({name: count for name, count in counts.items() if count})


def _numbers(frame: DataFrame) -> dict[str, Series]:
    texts = {str(name): frame[name] for name in frame if declared_kind(frame[name]) is None}
    read = {name: read_numbers(text) for name, text in texts.items()}
    return {name: values for name, values in read.items() if values is not None}


def plain_type(field: pa.Field) -> pa.DataType:
    """Return the type that stands for a column's own: double, bool, timestamp[ms] or string.

    Raises `StepError` for a type that none of them can hold.
    """
    kind = _value_type(field)
    for plain, held in _HELD.items():
        if any(is_held(kind) for is_held in held):
            return plain
    raise StepError(f"--dataset: column {field.name!r} has the type {kind}{_REFUSED}")


def _value_type(field: pa.Field) -> pa.DataType:
    return field.type.value_type if pa.types.is_dictionary(field.type) else field.type
