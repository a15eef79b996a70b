"""CSV as a table of text. `preprocess`, which sees whole columns, decides their types."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from pinion_step.errors import StepError, reason
from pull_data.formats.csv.checked_quotes import CheckedQuotes
from pull_data.formats.csv.dialect import Dialect, find_dialect
from pull_data.formats.csv.encoding import UTF_8, find_encoding
from pull_data.formats.csv.options import CsvOptions
from pull_data.formats.csv.rewriting import PlainCsv, numbered_rows
from pull_data.formats.csv.row_watch import RowWatch
from pull_data.formats.table import Log, Places, Table, check_column_names
from pull_data.formats.text_stream import BUFFER_BYTES, open_text, read_head

# A row, with its quoted line breaks, must fit into a block.
BLOCK_BYTES = 4 << 20
# How databases export a missing value.
_NULL = "\\N"


def read_csv(path: Path, name: str, options: CsvOptions, log: Log) -> Table:
    """Read a CSV file as text columns, an empty field as null.

    Raises `StepError`, here or while the batches are read, if the file is not a table.
    """
    encoding, notes = _encoding(path, name, options)
    opened = partial(open_text, path, name, encoding)
    stream = opened()
    text = _first_lines(stream)
    dialect = find_dialect(text, name, options)
    check_column_names(dialect.names, name)
    stream.read(dialect.size)
    if not stream.peek(1).strip():
        raise StepError(f"{name}: the file has a header but no rows; add rows")
    notes += dialect.notes
    if _NULL in text:
        notes.append(f"{_NULL} is read as a missing value")
    for note in notes:
        log(f"{name}: {note}")
    places = Places(dialect.first_line, dialect.header_line)
    watch = RowWatch(dialect, partial(_lines, opened, dialect), name)

    def say(note: str) -> None:
        notes.append(note)
        log(f"{name}: {note}")

    schema = pa.schema([(column, pa.string()) for column in dialect.kept])
    quotes = CheckedQuotes(stream, dialect, opened, name)
    batches = _batches(quotes, dialect, watch, name, say)
    return Table(schema, _placed(batches, watch, places), notes, places)


def _placed(
    batches: Iterator[pa.RecordBatch], watch: RowWatch, places: Places
) -> Iterator[pa.RecordBatch]:
    yield from batches
    places.left_out.extend(watch.left_out(places.first))


def _first_lines(stream: io.BufferedReader) -> str:
    """Return what is in the buffer of a stream, up to the last line that is whole."""
    block = stream.peek(1)
    text = block.decode(errors="ignore")
    is_cut = len(block) >= BUFFER_BYTES - len(BOM_UTF8)
    return text[: text.rfind("\n") + 1] or text if is_cut else text


def _encoding(path: Path, name: str, options: CsvOptions) -> tuple[str, list[str]]:
    if options.encoding:
        return options.encoding, []
    head = read_head(path, name, BUFFER_BYTES)
    encoding = find_encoding(head, len(head) < BUFFER_BYTES, name)
    return encoding, [] if encoding == UTF_8 else [f"the text is read as {encoding}"]


def _lines(
    opened: Callable[[], io.BufferedReader], dialect: Dialect, numbers: Sequence[int]
) -> list[int]:
    """Return the lines in which records start, by their ascending numbers."""
    lines: list[int] = []
    limit = csv.field_size_limit(BLOCK_BYTES)
    with opened() as stream:
        stream.read(dialect.size)
        wanted = iter(numbers)
        number = next(wanted, None)
        for count, (line, _) in enumerate(numbered_rows(stream, dialect), start=1):
            if count == number:
                lines.append(line)
                number = next(wanted, None)
            if number is None:
                break
    csv.field_size_limit(limit)
    return lines


def _batches(
    quotes: CheckedQuotes,
    dialect: Dialect,
    watch: RowWatch,
    name: str,
    say: Callable[[str], None],
) -> Iterator[pa.RecordBatch]:
    stream: io.BufferedReader = io.BufferedReader(quotes, BUFFER_BYTES)
    try:
        with stream:
            for batch in _open(stream, dialect, watch):
                for rows in watch.passed(batch):
                    yield rows.select(dialect.kept)
    except (pa.ArrowInvalid, csv.Error) as error:
        if watch.too_many:
            watch.refuse_ragged()
        quotes.refuse_open()
        raise StepError(f"{name}: {_parse_failure(reason(error))}") from None
    for rows in watch.rest():
        yield rows.select(dialect.kept)
    if not watch.has_rows:
        raise StepError(f"{name}: the file has a header but no rows; add rows")
    for note in watch.notes():
        say(note)


def _open(
    stream: io.BufferedReader, dialect: Dialect, watch: RowWatch
) -> pa.csv.CSVStreamingReader:
    delimiter, quote = dialect.delimiter, dialect.quote
    source: io.IOBase = stream
    if dialect.spaced:
        source, delimiter, quote = io.BufferedReader(PlainCsv(stream, dialect)), ",", '"'
    return pa.csv.open_csv(
        source,
        # Only a single thread knows the number of a ragged row.
        read_options=pa.csv.ReadOptions(
            column_names=dialect.names, block_size=BLOCK_BYTES, use_threads=False
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote or False,
            newlines_in_values=True,
            invalid_row_handler=watch.on_ragged,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types={column: pa.string() for column in dialect.names},
            include_columns=[*dialect.kept, *dialect.empty],
            null_values=["", _NULL],
            strings_can_be_null=True,
            # CheckedText has looked at every byte.
            check_utf8=False,
        ),
    )


def _parse_failure(text: str) -> str:
    if "straddling" in text:
        return f"a row is larger than {BLOCK_BYTES >> 20} MiB; check the file"
    return f"not CSV: {text}; check the file"
