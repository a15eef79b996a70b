"""CSV as a table of text. `preprocess`, which sees whole columns, decides their types."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import cast

import pyarrow as pa
import pyarrow.csv

from pinion_step.errors import StepError, reason
from pull_data.formats.table import Table, check_column_names
from pull_data.formats.text_stream import CheckedText

DELIMITERS = (",", ";", "\t", "|")
# A row, with its quoted line breaks, must fit into a block.
BLOCK_BYTES = 4 << 20
_SAMPLED_ROWS = 20
_BLANK_LINES = re.compile(r"\s*[\r\n]")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Header:
    """The first record of a CSV file, and how many bytes it takes with its line end."""

    names: list[str]
    delimiter: str
    size: int


def read_csv(stream: io.BufferedReader, name: str) -> Table:
    """Read a CSV file as text columns, an empty field as null.

    Raises `StepError`, here or while the batches are read, if the file is not a table.
    """
    header = parse_header(stream.peek(1).decode(errors="ignore"), name)
    check_column_names(header.names, name)
    stream.read(header.size)
    schema = pa.schema([(column, pa.string()) for column in header.names])
    if not stream.peek(1).strip():
        raise StepError(f"{name}: the file has a header but no rows; add rows")
    return Table(schema, _batches(stream, header, schema, name))


def parse_header(text: str, name: str) -> Header:
    """Parse the first record of a text with the delimiter that fits best.

    With that delimiter, the first rows have as many fields as the header. If several do, it is the
    one that gives the header the most fields.
    """
    blank = _BLANK_LINES.match(text)
    start = blank.end() if blank else 0
    text, before = text[start:], text[:start]
    candidates = {delimiter: _first_records(text, delimiter) for delimiter in DELIMITERS}
    best = max(candidates, key=lambda delimiter: _fitness(candidates[delimiter]))
    if not candidates[best]:
        raise StepError(
            f"{name}: not CSV: the first line is too long to be a header; check the file"
        )
    consumed = io.StringIO(text, newline="")
    names = next(csv.reader(consumed, delimiter=best))
    return Header(names, best, len((before + text[: consumed.tell()]).encode()))


def _first_records(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records = []
    # A field too long for this reader, as behind an open quote, ends the sample.
    with suppress(csv.Error):
        for row in islice(reader, _SAMPLED_ROWS):
            if row:
                records.append(row)
    return records


def _fitness(records: list[list[str]]) -> tuple[bool, int]:
    fields = len(records[0]) if records else 0
    return fields > 1 and all(len(row) == fields for row in records[1:]), fields


def _batches(
    stream: io.BufferedReader, header: Header, schema: pa.Schema, name: str
) -> Iterator[pa.RecordBatch]:
    ragged: list[str] = []
    last: pa.RecordBatch | None = None
    try:
        with stream:
            for batch in _open(stream, header, schema, ragged):
                yield batch
                last = batch if len(batch) else last
    except pa.ArrowInvalid as error:
        why = ragged[0] if ragged else _parse_failure(reason(error))
        raise StepError(f"{name}: {why}") from None
    if last is None:
        raise StepError(f"{name}: the file has a header but no rows; add rows")
    _check_last_quote(cast(CheckedText, stream.raw), last, name)


def _open(
    stream: io.BufferedReader, header: Header, schema: pa.Schema, ragged: list[str]
) -> pa.csv.CSVStreamingReader:
    def on_ragged_row(row: pa.csv.InvalidRow) -> str:
        if not row.text.strip():
            return "skip"
        ragged.append(
            f"row {row.number + 1} (the header is row 1) has {_fields(row.actual_columns)},"
            f" but the header has {row.expected_columns}, split at {header.delimiter!r}:"
            f" {row.text[:_SHOWN_CHARACTERS]!r}; correct that row"
        )
        return "error"

    return pa.csv.open_csv(
        stream,
        # Only a single thread knows the number of a ragged row.
        read_options=pa.csv.ReadOptions(
            column_names=header.names, block_size=BLOCK_BYTES, use_threads=False
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=header.delimiter, newlines_in_values=True, invalid_row_handler=on_ragged_row
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            # CheckedText has looked at every byte.
            check_utf8=False,
        ),
    )


def _parse_failure(text: str) -> str:
    if "straddling" in text:
        return (
            f"a row is larger than {BLOCK_BYTES >> 20} MiB; look for a quote that is never closed"
        )
    return f"not CSV: {text}; check the file"


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def _check_last_quote(text: CheckedText, last: pa.RecordBatch, name: str) -> None:
    """Refuse a quote that is never closed: the rest of the file would be one field."""
    value = last.column(last.num_columns - 1)[-1].as_py()
    if value and "\n" in value and text.last_byte != b'"':
        raise StepError(
            f"{name}: the last row has a quoted field that is never closed:"
            f" {value[:_SHOWN_CHARACTERS]!r}; close it"
        )
