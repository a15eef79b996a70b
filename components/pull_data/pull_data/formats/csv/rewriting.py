"""Odd ways to write a table, written again as plain CSV for the fast reader."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from pull_data.formats.csv.dialect import Dialect
from pull_data.formats.csv.options import WHITE_SPACE
from pull_data.formats.csv.records import numbered_records, tokens

_ROWS = 2000


class PlainCsv(io.RawIOBase):
    """The rows of a text in some dialect, as CSV with commas and double quotes."""

    def __init__(self, stream: io.BufferedReader, dialect: Dialect) -> None:
        self._stream = stream
        self._rows = (cells for _, cells in numbered_rows(stream, dialect))
        self._pending = b""

    def readable(self) -> bool:
        """Return true; this is what makes a raw stream one that can be buffered."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is all we get
        """Give what was written of the next rows."""
        if not self._pending:
            self._pending = self._written()
        size = min(len(buffer), len(self._pending))
        buffer[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def _written(self) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(islice(self._rows, _ROWS))
        return text.getvalue().encode()


def numbered_rows(stream: io.BufferedReader, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the line of the file that each record starts in, and its fields; skip blank lines."""
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    if dialect.delimiter == WHITE_SPACE:
        for line, content in enumerate(text, start=dialect.first_line):
            if cells := tokens(content, dialect.quote):
                yield line, cells
        return
    records = numbered_records(text, dialect.delimiter, dialect.quote, dialect.spaced)
    for line, cells in records:
        yield dialect.first_line + line - 1, cells
