"""Rows to leave out: of another width, the header again, and what follows the table."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv

from pinion_step.errors import StepError
from pull_data.formats.csv.dialect import Dialect
from pull_data.formats.csv.records import is_number, split
from pull_data.formats.csv.top import SHOWN_CHARACTERS

_MOST_FOOTER_ROWS = 20
_SHOWN_LINES = 3
# More would blow up the metadata; the numbers of later rows are then too low.
_MOST_LEFT_OUT = 10_000
_REMARK = re.compile(r"\W*(source|notes?|data|total|last updated|copyright|©)\b", re.I)


@dataclass(frozen=True)
class Ragged:
    """A record of another width: its number below the header, its text and its fields."""

    number: int
    text: str
    fields: int


class RowWatch:
    """Takes batches as they are read, and passes on the rows of the table.

    `lines_of` returns the lines in which records start, by their ascending numbers below the
    header, of which the first is 1.
    """

    def __init__(
        self, dialect: Dialect, lines_of: Callable[[Sequence[int]], list[int]], name: str
    ) -> None:
        self._dialect, self._lines_of, self._name = dialect, lines_of, name
        self._ragged: list[Ragged] = []
        self._skipped: list[int] = []
        self._comments = self._read = self._passed = 0
        self._repeats: list[int] = []
        self._held: list[pa.RecordBatch] = []
        self.too_many = False

    def on_ragged(self, row: pa.csv.InvalidRow) -> str:
        """Say what becomes of a record of another width: a handler of Arrow's reader."""
        self._skipped.append(row.number)
        # A row may start with the mark too; it has as many fields as the header, or more.
        if row.text.lstrip().startswith("#") and row.actual_columns < row.expected_columns:
            self._comments += 1
        elif row.text.strip():
            self._ragged.append(Ragged(row.number, row.text, row.actual_columns))
            self.too_many = len(self._ragged) > _MOST_FOOTER_ROWS
        return "error" if self.too_many else "skip"

    def passed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a batch, but keep back what may be the end of the file."""
        before, self._read = self._read, self._read + len(batch)
        if self._ragged and self._number(self._read) > self._ragged[0].number:
            self.refuse_ragged()
        for column in self._dialect.empty:
            self._check_empty(batch, column, before)
        for start, stop in self._stretches(batch, before):
            part = batch.slice(start, stop - start)
            end = _end_of_rows(part, self._dialect.kept)
            if end:
                self._passed += end
                yield from self._held
                self._held = []
                yield part.slice(0, end)
            if end < len(part):
                self._held.append(part.slice(end))

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows that were kept back, if there are no others."""
        for ragged in self._ragged:
            if not self._is_remark(ragged.text):
                self.refuse_ragged()
        if not self._passed and self._held:
            self._passed = len(self._held)
            yield from self._held
            self._held = []

    @property
    def has_rows(self) -> bool:
        """Whether the table has a row, once all were passed on."""
        return self._passed > 0

    def refuse_ragged(self) -> None:
        """Raise `StepError` for the first record of another width."""
        ragged, dialect = self._ragged[0], self._dialect
        width = len(dialect.names)
        header = f"the header in line {dialect.header_line}" if dialect.header_line else "the table"
        line = self._lines_of([ragged.number])[0]
        raise StepError(
            f"{self._name}: line {line} has {_fields(ragged.fields)}, but {header} has {width},"
            f" split at {dialect.delimiter!r}: {ragged.text[:SHOWN_CHARACTERS]!r}; correct that"
            " line, or give delimiter, quote, skip_lines or header if the table is elsewhere"
        )

    def left_out(self, first: int) -> list[int]:
        """Return the numbers of rows left out above others; `first` is that of the first row."""
        numbers = {*self._skipped, *map(self._number, self._repeats)}
        end = self._number(self._read)
        above = sorted(number for number in numbers if number < end)
        return [first + number - 1 for number in above[:_MOST_LEFT_OUT]]

    def notes(self) -> Iterator[str]:
        """Yield what was left out, one line each."""
        if self._repeats:
            yield f"{_count(self._repeats, 'row')} with the header again left out: {self._where()}"
        if self._comments:
            yield f"{self._comments} comment line{'s' * (self._comments > 1)} left out"
        firsts = [value for batch in self._held for value in batch.column(self._dialect.kept[0])]
        remarks = [value.as_py() for value in firsts if value.is_valid]
        empty = len(firsts) - len(remarks)
        if empty:
            yield f"{empty} row{'s' * (empty > 1)} without values at the end left out"
        if remarks:
            text = remarks[0].strip()[:SHOWN_CHARACTERS]
            yield f"{_count(remarks, 'row')} with a remark alone at the end left out: {text!r}"
        if self._ragged:
            text = self._ragged[0].text.strip()[:SHOWN_CHARACTERS]
            yield f"{_count(self._ragged, 'line')} below the table left out: {text!r}"

    def _check_empty(self, batch: pa.RecordBatch, column: str, before: int) -> None:
        values = batch.column(column)
        if values.null_count < len(batch):
            row = next(row for row, value in enumerate(values, start=1) if value.is_valid)
            line = self._lines_of([self._number(before + row)])[0]
            place = self._dialect.names.index(column) + 1
            raise StepError(
                f"{self._name}: column {place} has no name and seemed to be empty, but line {line}"
                f" has {values[row - 1].as_py()!r:.60} there; give header a list with a name for it"
            )

    def _number(self, row: int) -> int:
        for skipped in self._skipped:
            if skipped > row:
                break
            row += 1
        return row

    def _where(self) -> str:
        lines = self._lines_of([self._number(row) for row in self._repeats[:_SHOWN_LINES]])
        more = ", …" * (len(self._repeats) > _SHOWN_LINES)
        return f"line{'s' * (len(self._repeats) > 1)} {', '.join(map(str, lines))}{more}"

    def _stretches(self, batch: pa.RecordBatch, before: int) -> Iterator[tuple[int, int]]:
        """Yield the starts and ends of the rows that do not repeat the header."""
        start = 0
        for place in _repeats(batch, self._dialect):
            self._repeats.append(before + place + 1)
            if place > start:
                yield start, place
            start = place + 1
        if start < len(batch):
            yield start, len(batch)

    def _is_remark(self, text: str) -> bool:
        delimiter = "," if self._dialect.spaced else self._dialect.delimiter
        cells = split(text, delimiter, self._dialect.quote).records
        filled = [cell.strip() for record in cells for cell in record.cells if cell.strip()]
        if not filled or sum(len(record.cells) for record in cells) >= len(self._dialect.names):
            return False
        return _is_prose(filled[0]) and (len(filled) == 1 or bool(_REMARK.match(filled[0])))


def _repeats(batch: pa.RecordBatch, dialect: Dialect) -> list[int]:
    """Return the places of the rows that repeat the header; a single column may hold its name."""
    inverse = dialect.columns.renamed
    cells = [(name, inverse.get(name, name)) for name in dialect.kept]
    named = [(name, cell) for name, cell in cells if cell.strip()]
    if not dialect.header_line or len(named) < 2:
        return []
    first, cell = named[0]
    data = batch.column(first).buffers()[2]
    if data is None or data.to_pybytes().find(cell.encode()) < 0:
        return []
    # Not above: most files need none of Arrow's functions.
    import pyarrow.compute as pc

    hits = pc.equal(batch.column(first), cell)
    for name, cell in named[1:]:
        hits = pc.and_(hits, pc.equal(batch.column(name), cell))
    return [int(place) for place in pc.indices_nonzero(hits.fill_null(False)).to_pylist()]


def _end_of_rows(batch: pa.RecordBatch, names: Sequence[str]) -> int:
    """Return the number of rows without those at the end that are empty, or a remark alone."""
    columns = [batch.column(name) for name in names]
    end, remarks = len(batch), 0
    while end and not any(column[end - 1].is_valid for column in reversed(columns[1:])):
        first = columns[0][end - 1].as_py()
        if first is not None:
            remarks += 1
            if len(columns) < 3 or remarks > _MOST_FOOTER_ROWS or not _is_prose(first):
                break
        end -= 1
    return end


def _is_prose(text: str) -> bool:
    return not is_number(text) and (" " in text.strip() or ":" in text)


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) > 1)}"
