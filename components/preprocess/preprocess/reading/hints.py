"""What the caller says of the values of columns, where they do not speak for themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from pinion_step.errors import StepError
from preprocess.reading.kinds import Kind

# The words of `--column-types`. Text is not analysed, so it is a category of many values.
COLUMN_TYPES = {
    "number": Kind.NUMERIC,
    "category": Kind.CATEGORICAL,
    "date": Kind.DATE,
    "text": Kind.CATEGORICAL,
    "boolean": Kind.BOOLEAN,
}


@dataclass(frozen=True)
class Hints:
    """The kinds of columns that the caller sets, the forms of values, what stays a category.

    An empty text is not given. Forms decide only where the values leave a choice.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    decimal: str = ""
    thousands: str = ""
    date_format: str = ""
    # What the caller says is missing, in every column.
    markers: tuple[str, ...] = ()
    # Names of columns; an empty one means all.
    mixed: frozenset[str] = frozenset()

    @property
    def groups_by_point(self) -> bool:
        """Whether a point is between groups of three digits, so that 1.234 is a thousand."""
        return self.decimal == "," or self.thousands == "."

    def keeps_category(self, column: str) -> bool:
        """Return whether a column of mixed values stays a category."""
        return column in self.mixed or "" in self.mixed

    def check_columns(self, columns: Sequence[str]) -> None:
        """Raise `StepError` if a kind is set for a column that the table does not have."""
        for name in self.kinds:
            if name not in columns:
                close = get_close_matches(name, columns, n=3, cutoff=0.5)
                hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "leave it out"
                raise StepError(f"--column-types: {name!r} is not a column; {hint}")
