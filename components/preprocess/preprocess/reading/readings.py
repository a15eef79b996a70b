"""How the text of one column is read, beyond what its kind says.

A reading is decided once, from all values, and written into the schema, so that it can be applied
to further rows alone. It needs pandas and Arrow only.
"""

from dataclasses import asdict, dataclass
from typing import Any

from pandas import Series, Timestamp, factorize

from preprocess.reading.forms import Style, matches, parse_format
from preprocess.reading.kinds import FALSE, TRUE, Kind, declared_kind, fits, to_kind

# Text that is missing where all other values of a column are numbers, dates or booleans. Elsewhere
# it may be a category.
_WORDS = ("-", ".", "#N/A", "#DIV/0!", "<NA>", "n.a.", "None", "null")
# As programs print numbers that are none.
_NOT_FINITE = ("nan", "NaN", "inf", "Inf", "INF", "infinity", "Infinity")
FURTHER_MARKERS = (*_WORDS, *(sign + word for sign in ("", "-", "+") for word in _NOT_FINITE))

_ISO = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(frozen=True)
class Reading:
    """How text becomes a value of a kind; the defaults are the plain forms of `kinds.py`."""

    # What is missing here, beside the markers of the whole table.
    markers: tuple[str, ...] = ()
    # What a number counts, such as "$" or "kg"; it is removed.
    sign: str = ""
    decimal: str = "."
    thousands: str = ""
    # Whether a minus is written with another character than that of ASCII.
    minus: bool = False
    # In the words of strptime; without it, dates are those of ISO 8601.
    date_format: str = ""
    # Whether what does not fit the kind is missing too, as the caller set the kind.
    lenient: bool = False

    @property
    def keeps_plain_numbers(self) -> bool:
        """Whether a column of plain numbers is read as if there were no reading."""
        return self.decimal == "."

    @property
    def has_form(self) -> bool:
        """Whether numbers or dates have another form than the plain one."""
        return bool(self.sign or self.thousands or self.minus or self.date_format) or (
            self.decimal != "."
        )

    def values(self, column: Series, kind: Kind) -> Series:
        """Convert a cleaned column to the type of the kind; what does not fit is missing."""
        if declared_kind(column) is not None:
            return _redeclared(column, kind)
        codes, texts = factorize(column)
        distinct = Series(texts, dtype="str")
        if self.markers:
            distinct = distinct.mask(distinct.isin(self.markers))
        if kind is not Kind.CATEGORICAL:
            fit, plain = self.plain(distinct, kind)
            distinct = to_kind(plain.where(fit), kind)
        return Series(distinct.reindex(codes).array, index=column.index)

    def plain(self, text: Series, kind: Kind) -> tuple[Series, Series]:
        """Return which values of a text column fit, and these in the plain form of the kind."""
        if kind is Kind.BOOLEAN and self.lenient:
            # Else 0 and 1 are numbers.
            text = text.replace({"1": TRUE[0], "0": FALSE[0]})
        if kind is Kind.DATE and self.date_format:
            dates = parse_format(text, self.date_format)
            return dates.notna(), Series(dates.dt.strftime(_ISO), dtype="str")
        if kind is Kind.NUMERIC and self.has_form:
            style = Style(self.decimal, self.thousands)
            fit = matches(text, style.pattern(self.sign))
            return fit, style.plain(text.where(fit), self.sign)
        return fitting(text, kind), text

    def misfits(self, column: Series, kind: Kind) -> Series:
        """Return the values, neither missing nor a marker, that the reading cannot convert."""
        present = column.dropna()
        if declared_kind(column) is not None:
            return present.iloc[:0] if declared_kind(column) is kind else present
        present = present[~present.isin((*self.markers, *FURTHER_MARKERS))]
        texts = Series(present.unique(), dtype="str")
        fit, _ = self.plain(texts, kind)
        return present[present.isin(texts[~fit])]

    def document(self) -> dict[str, Any] | None:
        """Return what is written to JSON, or None if nothing was decided."""
        found = asdict(self) | {"markers": list(self.markers)}
        found["decimal"] = "" if self.decimal == "." else self.decimal
        return {key: value for key, value in found.items() if value} or None

    @classmethod
    def from_document(cls, document: dict[str, Any] | None) -> "Reading":
        """Parse what `document` wrote; raises TypeError or ValueError if it is something else."""
        given = dict(document or {})
        markers = given.pop("markers", [])
        return cls(markers=tuple(map(str, markers)), **given)


PLAIN = Reading()


def fitting(text: Series, kind: Kind) -> Series:
    """Return for each value of a text column whether it is of the kind; a missing one is."""
    fit = Series(True, index=text.index)
    present = text.dropna()
    if len(present):
        fit[present.index] = fits(present, kind).astype(bool)
    return fit


def _redeclared(column: Series, kind: Kind) -> Series:
    """Convert a column that has another type than text, for a caller who says its kind."""
    if declared_kind(column) is kind:
        return column
    if kind is Kind.NUMERIC:
        return column.astype("Float64").astype("float64")
    codes, values = factorize(column)
    texts = Series([_as_text(value) for value in values], dtype="str")
    return Series(texts.reindex(codes).array, index=column.index)


def _as_text(value: object) -> str:
    if isinstance(value, Timestamp):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if str(value) in ("True", "False") else str(value)
