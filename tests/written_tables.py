"""Tables of known kinds and values, drawn by a seed, and written as people and programs do."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

ROWS = 40
LABELS = ("low", "mid", "high", "mid", "low", "low", "mid", "high")
MARKERS = ("", "", "NA", "?", "-", "#N/A", "n.a.", "<NA>", ".")
WORDS = ("New York", "x, y", "Rome; it", 'say "hi"', "naïve", "a b c", "Größe", "it's", "B|C")
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y")
BOOLEANS = (("yes", "no"), ("true", "false"), ("TRUE", "FALSE"), ("Y", "N"), ("t", "f"))
# What a group of three digits is separated by, and the decimal sign.
STYLES = (("", "."), ("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), ("'", "."))
SIGNS = ("{}", "{}", "{}", "${}", "{} €", "{}%", "{} kg", "EUR {}")

Value = float | str | bool | None


@dataclass(frozen=True)
class Column:
    """A column, its kind and values as `preprocess` must give them, and the texts of its cells."""

    name: str
    kind: str
    values: tuple[Value, ...]
    texts: tuple[str, ...]

    def changed(self, place: int, text: str) -> "Column":
        """Return the column with another text in one cell; the values stay."""
        return replace(self, texts=(*self.texts[:place], text, *self.texts[place + 1 :]))


@dataclass(frozen=True)
class Writing:
    """How a table is written."""

    delimiter: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    line_end: str = "\n"
    encoding: str = "utf-8"
    above: str = ""
    below: str = ""
    has_index: bool = False
    empty_columns: int = 0


@dataclass(frozen=True)
class Table:
    """Columns of equal length, of which the last is the target."""

    columns: tuple[Column, ...]
    writing: Writing

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.columns[-1].name

    @property
    def lines(self) -> list[list[str]]:
        """The cells of the header and of each row."""
        names = [column.name for column in self.columns]
        return [names, *map(list, zip(*(each.texts for each in self.columns), strict=True))]

    def rows(self) -> Counter[tuple[Value, ...]]:
        """Return how often each row of values must come back."""
        return Counter(zip(*(each.values for each in self.columns), strict=True))

    def content(self, lines: Sequence[Sequence[str]] | None = None) -> bytes:
        """Return the file, with other lines in place of its own if they are given."""
        how, text = self.writing, io.StringIO(newline="")
        rows: list[list[str]] = [list(line) for line in lines or self.lines]
        if how.has_index:
            rows = [[str(number) if number else "", *row] for number, row in enumerate(rows)]
        rows = [[*row, *[""] * how.empty_columns] for row in rows]
        csv.writer(
            text, delimiter=how.delimiter, quoting=how.quoting, lineterminator=how.line_end  # type: ignore[arg-type]  # one of csv's
        ).writerows(rows)
        above = how.above.replace("\n", how.line_end)
        return f"{above}{text.getvalue()}{how.below}".encode(how.encoding)


def _written(number: int, decimals: int, style: tuple[str, str]) -> str:
    """Return a number of so many hundredths, tenths or ones as text."""
    group, point = style
    whole, rest = divmod(abs(number), 10**decimals)
    text = f"{whole:,}".replace(",", group)
    return "-" * (number < 0) + text + (f"{point}{rest:0{decimals}}" if decimals else "")


def numbers(random: Random, name: str) -> Column:
    """Return numbers in one form, which only one reading fits."""
    style, sign = random.choice(STYLES), random.choice(SIGNS)
    decimals = random.choice((0, 1, 2, 4))
    largest = random.choice((30, 2_000, 3_000_000))
    least = random.choice((0, -largest))
    drawn = [random.randint(least, largest) for _ in range(ROWS)]
    # Two groups of digits are separated by what cannot be a decimal sign.
    drawn[0] = 1_234_567 * 10**decimals
    scaled = tuple(number / 10**decimals for number in drawn)
    return Column(
        name,
        "numeric",
        scaled,
        tuple(sign.format(_written(number, decimals, style)) for number in drawn),
    )


def dates(random: Random, name: str) -> Column:
    """Return dates in one format, of which only one order of day and month is possible."""
    written = random.choice(DATES)
    days = (random.randint(0, 9_000) for _ in range(ROWS - 1))
    found = [date(2001, 1, 25), *(date(2000, 1, 1) + timedelta(day) for day in days)]
    values = tuple(f"{day} 00:00:00" for day in found)
    return Column(name, "date", values, tuple(day.strftime(written) for day in found))


def booleans(random: Random, name: str) -> Column:
    """Return a column of two words, both of which occur."""
    words = random.choice(BOOLEANS)
    values = (True, False, *random.choices((True, False), k=ROWS - 2))
    return Column(name, "boolean", values, tuple(words[not value] for value in values))


def categories(random: Random, name: str) -> Column:
    """Return words with all that a CSV must quote."""
    values = tuple(random.choices(WORDS, k=ROWS))
    return Column(name, "categorical", values, values)


def with_missing(random: Random, column: Column) -> Column:
    """Return the column with a marker of a missing value in some cells, or in none."""
    # A category may be any word, so only the plainest markers are missing there.
    known = MARKERS[:4] if column.kind == "categorical" else MARKERS
    marker = random.choice(known)
    for place in random.sample(range(2, ROWS), random.randint(0, 9)):
        values = (*column.values[:place], None, *column.values[place + 1 :])
        column = replace(column.changed(place, marker), values=values)
    return column


def _key() -> Column:
    """Return a column that differs in each row, so that no row repeats another."""
    values = tuple(range(100, 100 + ROWS))
    return Column("key", "numeric", tuple(map(float, values)), tuple(map(str, values)))


def _classes() -> Column:
    values = tuple(LABELS[place % len(LABELS)] for place in range(ROWS))
    return Column("the target", "categorical", values, values)


KINDS: tuple[Callable[[Random, str], Column], ...] = (
    numbers, numbers, dates, booleans, categories
)  # fmt: skip
PROGRAMS = (
    Writing(has_index=True),  # pandas
    Writing(quoting=csv.QUOTE_ALL, has_index=True),  # R
    Writing(delimiter=";", line_end="\r\n", encoding="utf-8-sig", above="sep=;\n"),  # Excel
)


def writing(random: Random) -> Writing:
    """Return a way to write a table, by a program or by hand."""
    if random.random() < 0.5:
        return random.choice(PROGRAMS)
    return Writing(
        delimiter=random.choice(",;\t|"),
        quoting=random.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        line_end=random.choice(("\n", "\r\n")),
        encoding=random.choice(("utf-8", "utf-8-sig", "utf-16")),
        above=random.choice(("", "", "", "Sales of 2024\n\n", "# made by hand\n")),
        has_index=random.random() < 0.5,
        empty_columns=random.choice((0, 0, 2)),
    )


def table(random: Random) -> Table:
    """Return a table with a key, up to three features, and a target of classes or of numbers."""
    names = (f"feature {place}" for place in range(1, random.randint(1, 3) + 1))
    features = [with_missing(random, random.choice(KINDS)(random, name)) for name in names]
    target = random.choice((_classes(), numbers(random, "the target")))
    return Table((_key(), *features, target), writing(random))
