"""A closer look at text that is nearly a number or a date: in which form, and how many values."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas import Series

from pinion_step.reading.readings import MINUS, SEPARATORS, Style, parse_format
from preprocess.reading.forms import (
    DATE,
    DATE_FORMATS,
    MOST_OF_A_SIGN,
    STYLES,
    Mask,
    is_marker,
    is_plain_number,
    matches,
    number_pattern,
)
from preprocess.reading.readings import Reading

Counts = NDArray[np.int64]
# More different signs are no sign of what is counted.
_MOST_SIGNS = 50
# Of a currency, a value may go without; of a unit or percent, too few would change the scale.
_FEWEST_SIGNED = 0.95
_PARTS = ("outer", "before", "inner", "body", "after")
_ODD_MINUS = MINUS.replace("-", "")


@dataclass(frozen=True)
class Form:
    """One way to read a column, and how many values fit; `changed` is how many are not plain."""

    reading: Reading
    fit: int
    changed: int = 0
    removed: tuple[str, ...] = ()


class _Counting:
    """The different values of a column: how many there are, and which mark a missing one."""

    def __init__(self) -> None:
        self.markers: set[str] = set()
        self.filled = 0
        # A value that is ambiguous, to show it.
        self.example = ""

    def _counted(self, texts: Series) -> tuple[Series, Counts]:
        """Return the different values and how often each occurs; take note of the markers."""
        counts = texts.value_counts(sort=False)
        values = Series(counts.index, dtype="str")
        marked = is_marker(values)
        self.markers.update(values[marked])
        rows = counts.to_numpy(np.int64)[~marked]
        self.filled += int(rows.sum())
        return values[~marked].reset_index(drop=True), rows


@dataclass(frozen=True)
class _Numbers:
    """Different values that are numbers in some style: the number of rows of each, its sign and
    digits, and whether it has a property."""

    values: pa.Array
    rows: Counts
    signs: pa.Array
    bodies: pa.Array

    @cached_property
    def changed(self) -> Mask:
        """Whether a number is not a plain one."""
        return ~is_plain_number(self.values)

    @cached_property
    def minus(self) -> Mask:
        """Whether the minus is not that of ASCII."""
        return matches(self.values, f"^[^0-9]*[{_ODD_MINUS}]")

    @cached_property
    def fit(self) -> dict[Style, Mask]:
        """Whether a number fits a style."""
        return {style: matches(self.bodies, f"^(?:{style.body})$") for style in STYLES}

    @cached_property
    def seen(self) -> dict[str, Mask]:
        """Whether a number has a separator."""
        return {each: matches(self.bodies, pattern) for each, pattern in SEPARATORS.items()}


class NumberLook(_Counting):
    """Counts the values of a column in each style of numbers, by the sign of what they count."""

    def __init__(self) -> None:
        super().__init__()
        self._fit: dict[str, Counter[Style]] = defaultdict(Counter)
        self._rows: Counter[str] = Counter()
        self._changed: Counter[str] = Counter()
        self._seen: dict[str, set[str]] = defaultdict(set)
        self._minus: dict[str, bool] = {}

    def update(self, texts: Series) -> None:
        """Take further values, none of them missing, into account."""
        numbers = _numbers(*self._counted(texts))
        encoded = numbers.signs.dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        signs = encoded.dictionary.to_pylist()
        for sign, code in sorted(zip(signs, range(len(signs)), strict=True)):
            if sign in self._rows or len(self._rows) <= _MOST_SIGNS:
                self._add(sign, numbers, codes == code)

    def _add(self, sign: str, numbers: _Numbers, chosen: Mask) -> None:
        rows = numbers.rows * chosen
        self._rows[sign] += int(rows.sum())
        self._changed[sign] += int(rows[numbers.changed].sum())
        for style in STYLES:
            self._fit[sign][style] += int(rows[numbers.fit[style]].sum())
        for separator, having in numbers.seen.items():
            found = having & chosen
            if found.any():
                self._seen[sign].add(separator)
                if separator in ".,":
                    self.example = self.example or str(numbers.values[int(found.argmax())].as_py())
        if not self._minus.get(sign):
            self._minus[sign] = bool((numbers.minus & chosen).any())

    def forms(self) -> list[Form]:
        """Return the forms that most values fit; more than one if they differ in their numbers."""
        sign = self._sign()
        together = {style: self._fit[sign][style] for style in STYLES}
        signs = [sign]
        if sign:
            signs.append("")
            together = {style: fit + self._fit[""][style] for style, fit in together.items()}
        best = max(together.values())
        seen = set().union(*(self._seen[each] for each in signs))
        minus = any(self._minus.get(each) for each in signs)
        changed = sum(self._changed[each] for each in signs)
        found = {_used(style, seen) for style, fit in together.items() if fit == best}
        return [
            self._form(style, sign, best, changed, minus, seen) for style in sorted(found, key=repr)
        ]

    def _form(
        self, style: Style, sign: str, fit: int, changed: int, minus: bool, seen: set[str]
    ) -> Form:
        reading = Reading(tuple(sorted(self.markers)), sign, style.decimal, style.thousands, minus)
        grouped = (style.thousands,) if style.thousands in seen else ()
        removed = (*((sign,) if sign else ()), *grouped, *(("−",) if minus else ()))
        return Form(reading, fit, changed, removed)

    def _sign(self) -> str:
        """Return the sign that most values have, if it may be removed."""
        signed = Counter({sign: rows for sign, rows in self._rows.items() if sign})
        if not signed:
            return ""
        sign, rows = signed.most_common(1)[0]
        enough = rows >= _FEWEST_SIGNED * (rows + self._rows[""])
        return sign if enough or _is_currency(sign) else ""


class DateLook(_Counting):
    """Counts the values of a column in each format of dates."""

    def __init__(self, most_misfits: float, date_format: str) -> None:
        super().__init__()
        self._most = most_misfits
        self._fit = dict.fromkeys((*filter(None, [date_format]), *DATE_FORMATS), 0)
        self._own = date_format

    def update(self, texts: Series) -> None:
        """Take further values, none of them missing, into account."""
        values, rows = self._counted(texts)
        looks, shaped = matches(values, DATE), cache(partial(matches, values))
        for name in list(self._fit):
            shape = DATE_FORMATS.get(name)
            likely = np.ones(len(values), bool) if name == self._own else looks
            if shape:
                likely = likely & shaped(shape)
            fit = np.zeros(len(values), bool)
            if likely.any():
                fit[likely] = parse_format(values[likely], name).notna()
            self._fit[name] += int(rows[fit].sum())
            if self.filled - self._fit[name] > self._most:
                del self._fit[name]
            elif fit.any():
                self.example = self.example or str(values[fit].iloc[0])

    def forms(self) -> list[Form]:
        """Return the formats that most values fit."""
        best = max(self._fit.values(), default=0)
        markers = tuple(sorted(self.markers))
        return [
            Form(Reading(markers, date_format=name), fit, fit)
            for name, fit in self._fit.items()
            if best and fit == best
        ]


def _numbers(values: Series, rows: Counts) -> _Numbers:
    """Return those of the values that are numbers."""
    array = pa.array(values)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    parts = pc.extract_regex(array, number_pattern(values))
    outer, before, inner, bodies, after = (
        pc.fill_null(pc.struct_field(parts, name), "") for name in _PARTS
    )
    signs = pc.utf8_trim_whitespace(
        pc.binary_join_element_wise(before, after, pa.scalar("", array.type))
    )
    lengths = [pc.utf8_length(each).to_numpy() for each in (outer, before, inner, after, signs)]
    has_outer, has_before, has_inner, has_after = (length > 0 for length in lengths[:4])
    twice = has_before & has_after | has_outer & has_inner
    found = parts.is_valid().to_numpy(zero_copy_only=False)
    found &= ~twice & (lengths[4] <= MOST_OF_A_SIGN)
    return _Numbers(array.filter(found), rows[found], signs.filter(found), bodies.filter(found))


def _used(style: Style, seen: set[str]) -> Style:
    """Return the style without the separators that no value has."""
    thousands = style.thousands if style.thousands in seen else ""
    decimal = style.decimal if style.decimal in seen or thousands == "." else "."
    return Style(decimal, thousands)


def _is_currency(sign: str) -> bool:
    return bool(matches(pa.array([sign]), r"\p{Sc}").any())
