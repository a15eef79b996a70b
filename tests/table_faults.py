"""Faults that people and programs put into tables, and what must be said of each."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from tests.written_tables import ROWS, Column, Table, table

# What the first rows hold decides how a column is read.
FIRST_FAULTY = 4
_MARK = "@@"


@dataclass(frozen=True)
class Faulty:
    """A table with faults: the content of its file, and what must be said.

    If `refused` is empty, the table comes back whole, and each text of `said` is said. Otherwise
    the run stops, and one of the entries of `refused` is said, with all its words.
    """

    table: Table
    content: bytes
    said: tuple[str, ...]
    refused: tuple[tuple[str, ...], ...]


@dataclass
class _Making:
    """A table while faults are put into it, each into a row of its own; row 0 is the header."""

    table: Table
    lines: list[list[str]]
    again: int | None = None
    damage: Callable[[str], str] = str
    said: list[str] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)
    filled: set[int] = field(default_factory=set)

    def line(self, row: int) -> int:
        """Return the line of the file in which a row is."""
        above = self.table.writing.above.count("\n") + 1
        return above + row + (self.again is not None and row >= self.again)

    def fill(self, row: int, text: str, *kinds: str) -> Column | None:
        """Write a text into a cell of the first feature of the kinds; return that column.

        A second one in a column would be more than the few that are taken for faults.
        """
        for place, column in enumerate(self.table.columns[1:-1], start=1):
            if column.kind in kinds and place not in self.filled:
                self.filled.add(place)
                self.lines[row][place] = text
                return column
        return None

    def faulty(self) -> Faulty:
        """Return the table as it is now."""
        lines, encoding = list(self.lines), self.table.writing.encoding
        if self.again is not None:
            lines.insert(self.again, lines[0])
        text = self.table.content(lines).decode(encoding)
        content = self.damage(text).encode(encoding)
        return Faulty(self.table, content, tuple(self.said), tuple(self.refused))


def _header_again(making: _Making, row: int) -> None:
    making.again = row
    making.said.append(f"1 row with the header again left out: line {making.line(row) - 1}")


def _typo(making: _Making, row: int) -> None:
    for text, kind in (("12..5", "numeric"), ("2024-02-31", "date"), ("perhaps", "boolean")):
        if column := making.fill(row, text, kind):
            where = f"{text!r} in row {making.line(row)} "
            making.refused.append((f"column '{column.name}' holds", where))
            return


def _unit(making: _Making, row: int) -> None:
    if column := making.fill(row, "km/h", "numeric", "date"):
        where = f"'km/h' in row {making.line(row)} "
        making.refused.append((f"column '{column.name}' holds", where))


def _marker(making: _Making, row: int) -> None:
    if column := making.fill(row, "#DIV/0!", "numeric", "date", "boolean"):
        values = (*column.values[: row - 1], None, *column.values[row:])
        changed = [
            replace(each, values=values) if each is column else each
            for each in making.table.columns
        ]
        making.table = replace(making.table, columns=tuple(changed))
        making.said.append(f"{column.name}: read as ")
        making.said.append('"#DIV/0!"')


def _huge_number(making: _Making, row: int) -> None:
    making.lines[row][0] = "1e39"
    where = f"1e39 in row {making.line(row)} "
    making.refused.append(("column 'key' has 1 number(s) beyond 3.4e38", where))


def _no_target(making: _Making, row: int) -> None:
    making.lines[row][-1] = ""
    making.refused.append(("rows have no value in the target", f"row {making.line(row)}"))


def _class_none(making: _Making, row: int) -> None:
    if making.table.columns[-1].kind == "categorical":
        making.lines[row][-1] = "None"
        making.refused.append(("'the target' is 'None' in", "class:None"))


def _repeated_row(making: _Making, row: int) -> None:
    making.lines.append(making.lines[row])
    making.refused.append(
        (f"1 of {ROWS + 1} rows repeat another and are dropped", f"row {making.line(ROWS + 1)}")
    )


def _more_fields(making: _Making, row: int) -> None:
    making.lines[row] = [*making.lines[row], "7", "8"]
    making.refused.append((f"line {making.line(row)} has", "fields, but"))


def _open_quote(making: _Making, row: int) -> None:
    making.lines[row][0] = f"{_MARK}{making.lines[row][0]}"
    before = making.damage
    making.damage = lambda text: before(text).replace(_MARK, '"')
    making.refused.append((f"line {making.line(row)} opens a quote",))


def _remark(making: _Making, _row: int) -> None:
    before = making.damage
    making.damage = lambda text: f"{before(text)}Source: the office"
    making.said.append("below the table left out: 'Source: the office'")


def _nul(making: _Making, row: int) -> None:
    before = making.damage
    making.damage = lambda text: before(text).replace("key", "k\0ey", 1)
    making.refused.append(("NUL byte",))


# In the order in which they are made: a header further up moves all rows below it.
FAULTS: dict[str, Callable[[_Making, int], None]] = {
    "the header again": _header_again,
    "a typo": _typo,
    "a unit": _unit,
    "a marker": _marker,
    "a huge number": _huge_number,
    "no target": _no_target,
    "a class None": _class_none,
    "a repeated row": _repeated_row,
    "more fields": _more_fields,
    "an open quote": _open_quote,
    "a remark below": _remark,
    "a NUL byte": _nul,
}


def faulty_table(random: Random) -> Faulty:
    """Return a table with one to three faults."""
    clean = table(random)
    count = random.randint(1, 3)
    chosen = random.sample(sorted(FAULTS), count)
    rows = random.sample(range(FIRST_FAULTY, ROWS + 1), count)
    making = _Making(clean, clean.lines)
    ordered = (name for name in FAULTS if name in chosen)
    for name, row in zip(ordered, sorted(rows), strict=True):
        FAULTS[name](making, row)
    return making.faulty()
