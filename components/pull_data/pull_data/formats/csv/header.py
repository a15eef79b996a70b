"""Whether the first record of a table is its header, and what its columns are called."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pull_data.formats.csv.records import Record, is_number

_RISING_NAMES = 5
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class Columns:
    """A name for each field of a record, and the fields that are not columns of the table.

    `index` is an unnamed index, `empty` are unnamed fields at the end that hold nothing, and
    `renamed` has what stands in the file for the names that were changed. `without_header` is 0, or
    the line of the first row, if that shows that there is no header.
    """

    names: list[str]
    index: frozenset[int] = frozenset()
    empty: frozenset[int] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    without_header: int = 0

    @property
    def notes(self) -> Iterator[str]:
        """Say what became of fields without a name of their own."""
        if self.without_header:
            yield (
                f"line {self.without_header} is a row, not a header; the columns are named"
                f" column_1 to column_{len(self.names)} (header=true reads it as names)"
            )
        if self.index:
            yield "the unnamed first column is an index and is left out"
        if self.empty:
            several = "s" * (len(self.empty) > 1)
            yield f"{len(self.empty)} empty column{several} at the end left out"
        shown = list(self.renamed)
        if shown:
            more = ", …" * (len(shown) > _SHOWN_NAMES)
            names = ", ".join(map(repr, shown[:_SHOWN_NAMES]))
            yield f"columns without a name of their own are numbered: {names}{more}"


def is_header(first: Record, rows: Sequence[Record]) -> bool | None:
    """Return whether a record names the columns of the rows below it; None if it may or may not.

    A header of numbers, such as years, rises. A row repeats a text of those below it, or holds
    numbers where they do.
    """
    columns = list(
        zip(*(row.cells for row in rows if len(row.cells) == len(first.cells)), strict=True)
    )
    pairs = list(zip(first.cells, columns, strict=False))
    numeric = [cell.strip() for cell, column in pairs if _holds_numbers(cell, column)]
    if not numeric:
        return True
    if any(cell.strip() and not is_number(cell) and cell in column for cell, column in pairs):
        return False
    values = [_value(cell) for cell in numeric]
    steps = [after - before for before, after in pairwise(values)]
    rising = bool(steps) and min(steps) > 0
    if not all(cell.isdigit() for cell in numeric):
        return (True if len(numeric) >= _RISING_NAMES else None) if rising else False
    if rising and min(steps) == max(steps) or len(numeric) < len(pairs):
        return True
    return False if len(set(values)) < len(values) else None


def name_columns(cells: list[str], rows: Sequence[Record], width: int) -> Columns:
    """Name the fields of rows of a width after a header, which may lack or repeat names."""
    fitting = [row.cells for row in rows if len(row.cells) == width]
    columns: list[tuple[str, ...]] = list(zip(*fitting, strict=True)) if fitting else [()] * width
    is_even = len(fitting) == len(rows) > 1
    cells = _of_width(cells, columns, is_even)
    if len(cells) != len(columns):
        columns = [()] * len(cells)
    end = len(cells)
    while end > 1 and not cells[end - 1].strip() and not any(map(str.strip, columns[end - 1])):
        end -= 1
    index = {0} if end > 1 and not cells[0].strip() and _is_index(columns[0]) else set()
    names: list[str] = []
    for place, cell in enumerate(cells):
        repeated = cell in cells[:place]
        wanted = cell if cell.strip() else f"column_{place + 1}"
        names.append(_free(wanted, {*cells, *names}) if repeated or wanted != cell else cell)
    renamed = {
        name: cells[place]
        for place, name in enumerate(names)
        if name != cells[place] and place not in index and place < end
    }
    return Columns(names, frozenset(index), frozenset(range(end, len(cells))), renamed)


def numbered(width: int) -> list[str]:
    """Return names for the columns of a table without a header."""
    return [f"column_{number + 1}" for number in range(width)]


def _of_width(cells: list[str], columns: Sequence[Sequence[str]], is_even: bool) -> list[str]:
    """Return a header as wide as its rows, if it lacks a field, or has an empty one too many.

    `is_even` says whether there are rows enough, all of one width, to tell what it lacks.
    """
    if len(cells) == len(columns) + 1 and not cells[-1].strip():
        return cells[:-1]
    if len(cells) != len(columns) - 1:
        return cells
    if columns[-1] and not any(map(str.strip, columns[-1])):
        return [*cells, ""]
    # R names the rows, but not their column.
    has_numbers = is_even and any(is_number(column[0]) for column in columns)
    return ["", *cells] if has_numbers and _is_index(columns[0]) else cells


def _is_index(values: Sequence[str]) -> bool:
    return all(value.strip() for value in values) and len(set(values)) == len(values)


def _holds_numbers(cell: str, column: Sequence[str]) -> bool:
    filled = [value for value in column if value.strip()]
    # The others may be marks of missing values.
    return is_number(cell) and sum(map(is_number, filled)) > len(filled) / 2


def _value(cell: str) -> float:
    try:
        return float(cell.rstrip("% ").replace(",", "."))
    except ValueError:
        return 0.0


def _free(name: str, taken: Container[str]) -> str:
    number = 1
    free = name
    while free in taken:
        free = f"{name}.{number}"
        number += 1
    return free
