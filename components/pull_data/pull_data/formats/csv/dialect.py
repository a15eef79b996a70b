"""How a CSV file is written: its delimiter, its header, and what is not part of the table."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pinion_step.errors import StepError
from pull_data.formats.csv.header import Columns, name_columns, numbered
from pull_data.formats.csv.options import DEFAULTS, WHITE_SPACE, CsvOptions
from pull_data.formats.csv.quoting import Quoting
from pull_data.formats.csv.records import DELIMITERS, Record, Split, count_lines, split
from pull_data.formats.csv.top import SHOWN_CHARACTERS, Top, find_names, find_top, shown

_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(?P<delimiter>[^\r\n])\"?[;,\t ]*(?:\r\n|\r|\n)", re.I)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
# A header in which every field is quoted so.
_SINGLE_QUOTES = re.compile(r"\s*'[^'\r\n]+'(?:[,;\t|] *'[^'\r\n]+')+[ \t]*(?:\r|\n|$)")
_NUMBER = re.compile(r"\s*[-+]?[0-9]")
# Fewer lines of words may be a table of one column.
_LEAST_WHITE_SPACE_ROWS = 3
_LEAST_SOUND_ROWS = 3


@dataclass(frozen=True)
class Dialect:
    """How to read the rows, which follow `size` bytes of UTF-8 and begin in line `first_line`.

    `header_line` is 0 without a header. `notes` say what was decided, one line each.
    """

    delimiter: str
    quote: str
    spaced: bool
    columns: Columns
    size: int
    header_line: int
    first_line: int
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The name of every field, in the order of the file."""
        return self.columns.names

    @property
    def kept(self) -> list[str]:
        """The names of the fields that are columns of the table."""
        left_out = self.columns.index | self.columns.empty
        return [name for place, name in enumerate(self.names) if place not in left_out]

    @property
    def empty(self) -> list[str]:
        """The names of the fields that must hold nothing."""
        return [self.names[place] for place in sorted(self.columns.empty)]


def find_dialect(text: str, name: str, options: CsvOptions = DEFAULTS) -> Dialect:
    """Find out how a text is written by its first records, as far as the options do not say.

    Raises `StepError` if an option contradicts the text, or if two readings are possible.
    """
    told = options
    start, separator = _start(text, options, name)
    if not options.quote and _SINGLE_QUOTES.match(text, start):
        options = replace(options, quote="'")
    found = _best(text[start:], options, separator, name)
    before = count_lines(text[:start])
    place, cells = find_top(found, options)
    top = Top(found.records[place], before + found.records[place].line, cells)
    _check_quotes(text[start:], before, found.records[: place + 1], _quoting(found, options), name)
    header = find_names(found, top, options, name)
    columns = _columns(found, top, header, options)
    # Names that a user gives may be those of the file.
    in_file = header in (top.record.cells, cells)
    above = found.records[place - 1].end if place else 0
    size = start + (top.record.end if in_file else above)
    return Dialect(
        found.delimiter,
        options.quote_character,
        found.spaced,
        columns,
        len(text[:size].encode()),
        top.line if in_file else 0,
        count_lines(text[:size]) + 1,
        (*_notes(found, separator, top, told, options), *columns.notes),
    )


def _quoting(found: Split, options: CsvOptions) -> Quoting:
    return Quoting(found.delimiter, options.quote_character, found.spaced)


def _check_quotes(
    text: str, before: int, records: list[Record], quoting: Quoting, name: str
) -> None:
    """Raise `StepError` if a quote is not closed in the header, or in a title of several lines."""
    start = 0
    for record in records:
        lines = text[start : record.end]
        # A title may be of any words with quotes.
        if record is records[-1] or count_lines(lines.strip()):
            fault = quoting.fault(lines, before + count_lines(text[:start]))
            if fault:
                raise StepError(f"{name}: {fault}")
        start = record.end


def _columns(found: Split, top: Top, header: list[str] | None, options: CsvOptions) -> Columns:
    if header is None:
        told = options.header is False
        return Columns(numbered(found.width), without_header=0 if told else top.line)
    if isinstance(options.header, tuple):
        return Columns(header)
    return name_columns(header, found.below(top.record), max(found.width, 1))


def _start(text: str, options: CsvOptions, name: str) -> tuple[int, str]:
    """Return where the records start, and the delimiter that a line `sep=;` above them names."""
    position, lines = 0, max(options.skip_lines, 0)
    separator = _SEPARATOR_LINE.match(text)
    for done in range(lines):
        if position >= len(text):
            raise StepError(
                f"{name}: skip_lines={lines}, but only {done} lines are at the start of the file;"
                " give less"
            )
        line = _LINE.match(text, position)
        position = line.end() if line else position
    if separator and position <= separator.end():
        return separator.end(), separator["delimiter"]
    return position, separator["delimiter"] if separator else ""


def _best(text: str, options: CsvOptions, separator: str, name: str) -> Split:
    """Return the way to split a text that fits best, or the one that is asked for."""
    if not text.strip():
        raise StepError(
            f"{name}: nothing follows the first lines; give a table with a header and rows"
        )
    quote = options.quote_character
    found = max(_ways(text, DELIMITERS, quote), key=lambda way: way.fitness)
    asked = options.delimiter or separator
    if asked:
        given = max(_ways(text, (asked,), quote), key=lambda way: way.fitness)
        if given.width <= 1 < found.width and found.fitness[0]:
            raise StepError(
                f"{name}: delimiter={asked!r} does not split the rows, such as"
                f" {_first_line(text)!r}; give delimiter={found.delimiter!r}"
            )
        found = given
    elif not found.fitness[0]:
        found = _white_space(text, quote, found) or found
    if not found.records:
        raise StepError(
            f"{name}: not CSV: the first line is too long to be a header; check the file"
        )
    _refuse_quoted_lines(found, name)
    return found


def _refuse_quoted_lines(found: Split, name: str) -> None:
    """Raise `StepError` if quotes enclose whole lines, each with as many delimiters inside."""
    lines = [record.cells[0] for record in found.rows]
    for sign in DELIMITERS:
        counts = {line.count(sign) for line in lines}
        if found.width == 1 and len(lines) > 1 and len(counts) == 1 and counts != {0}:
            raise StepError(
                f"{name}: each line is quoted as a whole, so that it is one field, such as"
                f" {lines[0][:SHOWN_CHARACTERS]!r}; remove the quotes at both ends of the lines"
            )


def _white_space(text: str, quote: str, found: Split) -> Split | None:
    """Return the rows split at white space, if each has as many fields and tabs do no better."""
    table = split(text, WHITE_SPACE, quote)
    widths = [len(record.cells) for record in table.rows]
    tabs = found.delimiter == "\t" and found.width > 1
    if tabs or table.width <= 1 or len(widths) < _LEAST_WHITE_SPACE_ROWS or _has_title(found):
        return None
    even = set(widths[1:]) == {table.width}
    return table if even and widths[0] in (table.width, max(table.width - 1, 2)) else None


def _has_title(found: Split) -> bool:
    """Return whether all rows from a header on, which is not the first, have as many fields."""
    fitting = [len(record.cells) == found.width for record in found.rows]
    if found.width <= 1 or True not in fitting or not all(fitting[(at := fitting.index(True)) :]):
        return False
    # The rows of a table of decimal commas at white space begin with digits.
    return not any(_NUMBER.match(cell) for cell in found.rows[at].cells)


def _ways(text: str, delimiters: tuple[str, ...], quote: str) -> Iterator[Split]:
    for delimiter in delimiters:
        way = _split_sound(text, delimiter, quote)
        yield way
        if way.leftover_quotes and not way.spaced:
            yield _split_sound(text, delimiter, quote, spaced=True)


def _split_sound(text: str, delimiter: str, quote: str, spaced: bool = False) -> Split:
    """Split the text above a quote at fault, which would hide the delimiters behind it."""
    way = split(text, delimiter, quote, spaced)
    ends = [record.end for record in way.records]
    sound = len(Quoting(delimiter, quote, way.spaced).sound(text[: ends[-1]])) if ends else 0
    above = [end for end in ends if end <= sound]
    if len(above) == len(ends) or len(above) < _LEAST_SOUND_ROWS:
        return way
    return split(text[: above[-1]], delimiter, quote, spaced)


def _notes(
    found: Split, separator: str, top: Top, told: CsvOptions, options: CsvOptions
) -> Iterator[str]:
    if told.quote != options.quote:
        yield "single quotes enclose the fields"
    if separator:
        yield f"the line 'sep={separator}' names the delimiter"
    elif found.delimiter == WHITE_SPACE and not options.delimiter:
        yield "the delimiter is white space"
    elif found.spaced and found.delimiter != WHITE_SPACE:
        yield "spaces behind the delimiter are left out, as quotes follow them"
    above = top.line - 1 - max(options.skip_lines, 0) - bool(separator)
    if above > 0 and found.records[0] is not top.record:
        several = "s" * (above > 1)
        yield f"{above} line{several} above line {top.line} left out: {shown(found.records[0])!r}"


def _first_line(text: str) -> str:
    line = _LINE.match(text.lstrip())
    return line[0].strip()[:SHOWN_CHARACTERS] if line else ""
