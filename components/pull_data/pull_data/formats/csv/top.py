"""Where a table starts below titles and comments, and whether it starts with a header."""

from dataclasses import dataclass

from pinion_step.errors import StepError
from pull_data.formats.csv.header import is_header
from pull_data.formats.csv.options import FIND_OUT, CsvOptions
from pull_data.formats.csv.records import Record, Split, is_number

SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Top:
    """The header, or the first row of a table without one, the line of the file, its names."""

    record: Record
    line: int
    cells: list[str]


def find_top(found: Split, options: CsvOptions) -> tuple[int, list[str]]:
    """Return the place of the header among the records, or of the first row, and its fields."""
    records, width = found.records, found.width
    if options.skip_lines != FIND_OUT or width <= 1:
        return 0, records[0].cells
    for place in range(found.comments, len(records)):
        if _may_be_top(records, place, width):
            above = records[place - 1] if place else None
            if (
                above
                and _names(above, width)
                and _is_row(records[place], records[place + 1 :], above)
            ):
                # A comment that names the columns, as numpy writes it.
                return place - 1, [above.cells[0].removeprefix("# "), *above.cells[1:]]
            return place, records[place].cells
        if records[place].filled > width / 2:
            break
    return found.comments, records[found.comments].cells


def _may_be_top(records: list[Record], place: int, width: int) -> bool:
    record = records[place]
    fields = len(record.cells)
    following = records[place + 1].cells if place + 1 < len(records) else []
    if fields == width:
        # A spreadsheet fills a title and the empty row below it up with empty fields.
        title = width > 2 and record.filled == 1 and bool(record.cells[0].strip())
        return bool(record.filled) and not title
    if fields == width + 1 and not record.cells[-1].strip():
        return True
    # R does not name the row names.
    is_short = fields == width - 1 and len(following) == width and record.filled == fields
    return width > 2 and is_short and any(map(is_number, following))


def _is_row(record: Record, rows: list[Record], comment: Record) -> bool:
    """Return whether a record below a comment is a row, so that the comment may be the header."""
    if is_header(record, rows) is not True:
        return True
    # A name may start with the mark; words of a comment follow a space.
    return not comment.cells[0].startswith("# ") and any(map(is_number, record.cells))


def _names(comment: Record, width: int) -> bool:
    return comment.is_comment and len(comment.cells) == width and comment.filled == width


def find_names(found: Split, top: Top, options: CsvOptions, name: str) -> list[str] | None:
    """Return the names that the options or the header give; None means that there are none.

    Raises `StepError` if the options do not fit, or if the record may be a row too.
    """
    if options.header is False:
        return None
    if isinstance(options.header, tuple):
        names, fields = options.header, len(top.record.cells)
        if len(names) != fields:
            raise StepError(
                f"{name}: header has {len(names)} names, but line {top.line} has {fields} fields,"
                f" split at {found.delimiter!r}: {shown(top.record)!r}; give one name for each"
            )
        return list(names)
    if options.header or top.cells is not top.record.cells:
        return top.cells
    verdict = is_header(top.record, found.below(top.record))
    if verdict is None:
        raise StepError(
            f"{name}: line {top.line} may be a header or a row: {shown(top.record)!r}; give"
            " header=true or header=false"
        )
    if not verdict and top.record is not found.records[found.comments]:
        raise StepError(
            f"{name}: line {top.line} has as many fields as the rows, but looks like a row and not"
            f" like a header: {shown(top.record)!r}; give skip_lines={top.line - 1} with"
            " header=true, header=false or a list of names"
        )
    return top.cells if verdict else None


def shown(record: Record) -> str:
    """Return the start of a record, for a message."""
    return ",".join(record.cells).rstrip(",")[:SHOWN_CHARACTERS]
