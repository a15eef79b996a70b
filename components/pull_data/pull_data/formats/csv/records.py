"""The first records of a text, split in every way that may be meant."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, takewhile

from pull_data.formats.csv.options import WHITE_SPACE

DELIMITERS = (",", ";", "\t", "|")
SAMPLED_ROWS = 100
_LINE_END = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)*|[.,]\d+)([eE][-+]?\d+)?\s*%?\s*")


@dataclass(frozen=True)
class Record:
    """The fields of a record, the line that it starts in, and the characters up to its end."""

    cells: list[str]
    line: int
    end: int

    @property
    def filled(self) -> int:
        """The number of fields with more than white space."""
        return sum(bool(cell.strip()) for cell in self.cells)

    @property
    def is_comment(self) -> bool:
        """Whether the record starts with the usual mark of a comment."""
        return self.cells[0].lstrip().startswith("#")


@dataclass(frozen=True)
class Split:
    """The records of a sample as one delimiter, one quote and one way with spaces split them.

    `width` is the number of fields that most records have, `spaced` whether spaces behind the
    delimiter are left out.
    """

    delimiter: str
    spaced: bool
    records: list[Record]
    width: int
    leftover_quotes: bool

    @property
    def comments(self) -> int:
        """The number of comments above the first other record."""
        count = sum(1 for _ in takewhile(lambda record: record.is_comment, self.records))
        return count if self.width > 1 and count < len(self.records) else 0

    @property
    def rows(self) -> list[Record]:
        """The records without comments."""
        return [
            record
            for record in self.records[self.comments :]
            if not record.is_comment or len(record.cells) == self.width
        ]

    def below(self, record: Record) -> list[Record]:
        """Return the records below one of them."""
        return self.records[self.records.index(record) + 1 :]

    @property
    def fitness(self) -> tuple[bool, bool, int, int]:
        """How well the way fits; the greatest is the best."""
        # Not a share: a quote at fault ends the rows that one delimiter gives, but not of another.
        others = sum(len(record.cells) != self.width for record in self.rows)
        several = self.width > 1 and bool(self.rows)
        return several and not others, several and not self.leftover_quotes, -others, self.width


def split(text: str, delimiter: str, quote: str, spaced: bool = False) -> Split:
    """Split the start of a text into its first records; blank lines are skipped."""
    records = list(islice(_records(text, delimiter, quote, spaced), SAMPLED_ROWS))
    counts = Counter(len(record.cells) for record in records if not record.is_comment) or Counter(
        len(record.cells) for record in records
    )
    width = max(counts, key=lambda fields: (fields > 1, counts[fields], fields), default=0)
    leftover = bool(quote) and any(
        cell.startswith(" ") and cell.lstrip(" ").startswith(quote)
        for record in records
        for cell in record.cells
    )
    return Split(delimiter, spaced or delimiter == WHITE_SPACE, records, width, leftover)


def tokens(line: str, quote: str) -> list[str]:
    """Return the fields of a line of a white-space table."""
    if not quote:
        return line.split()
    mark = re.escape(quote)
    found = re.findall(rf"{mark}(?:[^{mark}]|{mark}{mark})*{mark}(?=\s|$)|\S+", line)
    return [
        (
            token[1:-1].replace(quote * 2, quote)
            if len(token) > 1 and token[0] == token[-1] == quote
            else token
        )
        for token in found
    ]


def is_number(text: str) -> bool:
    """Return whether a field looks like a number, in whatever way it is grouped."""
    return _NUMBER.fullmatch(text) is not None


def count_lines(text: str) -> int:
    """Return the number of lines that end in a text."""
    return len(_LINE_END.findall(text))


def numbered_records(
    lines: Iterable[str], delimiter: str, quote: str, spaced: bool
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line in which each record starts, counted from 1, and its fields.

    Blank lines are skipped. Raises `csv.Error` for a field that is too long.
    """
    records = csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        skipinitialspace=spaced,
    )
    before = 0
    for cells in records:
        if cells:
            yield before + 1, cells
        before = records.line_num


def _records(text: str, delimiter: str, quote: str, spaced: bool) -> Iterator[Record]:
    stream = io.StringIO(text, newline="")
    if delimiter == WHITE_SPACE:
        for line, content in enumerate(stream, start=1):
            if cells := tokens(content, quote):
                yield Record(cells, line, stream.tell())
        return
    # A field too long for this reader, as behind an open quote, ends the sample.
    with suppress(csv.Error):
        for line, cells in numbered_records(stream, delimiter, quote, spaced):
            if len(cells) > 1 or cells[0].strip():
                yield Record(cells, line, stream.tell())
