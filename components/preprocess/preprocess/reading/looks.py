"""A closer look at text that is nearly a number or a date: in which form, and how many values."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas import DataFrame, Series

from pinion_step.reading.readings import (
    FURTHER_MARKERS,
    MINUS,
    SEPARATORS,
    Style,
    parse_format,
)
from preprocess.reading.forms import (
    DATE,
    DATE_FORMATS,
    MOST_OF_A_SIGN,
    NUMBER,
    STYLES,
    is_plain_number,
    matches,
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
        marked = values.isin(FURTHER_MARKERS)
        self.markers.update(values[marked])
        rows = counts.to_numpy(np.int64)[~marked.to_numpy(bool)]
        self.filled += int(rows.sum())
        return values[~marked].reset_index(drop=True), rows


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
        values, rows = self._counted(texts)
        parts = _parts(values)
        for style in STYLES:
            parts[style] = rows * matches(parts["body"], f"^(?:{style.body})$")
        parts["rows"] = rows * parts["body"].notna()
        parts["changed"] = parts["rows"] * ~is_plain_number(values)
        for sign, group in parts[parts["rows"] > 0].groupby("sign"):
            self._add(str(sign), group)

    def _add(self, sign: str, group: DataFrame) -> None:
        if sign not in self._rows and len(self._rows) > _MOST_SIGNS:
            return
        self._rows[sign] += int(group["rows"].sum())
        self._changed[sign] += int(group["changed"].sum())
        for style in STYLES:
            self._fit[sign][style] += int(group[style].sum())
        for separator, pattern in SEPARATORS.items():
            found = matches(group["body"], pattern)
            if found.any():
                self._seen[sign].add(separator)
                if separator in ".,":
                    self.example = self.example or str(group["value"][found].iloc[0])
        if not self._minus.get(sign):
            self._minus[sign] = bool(matches(group["value"], f"^[^0-9]*[{_ODD_MINUS}]").any())

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
        looks = matches(values, DATE)
        for name in list(self._fit):
            fit = np.zeros(len(values), bool)
            likely = np.ones(len(values), bool) if name == self._own else looks.to_numpy(bool)
            shape = DATE_FORMATS.get(name)
            if likely.any() and (not shape or matches(values, shape).any()):
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


def _parts(values: Series) -> DataFrame:
    """Return the value, the sign and the digits of each number; both are missing elsewhere."""
    parts = pc.extract_regex(pa.array(values), NUMBER)
    frame = DataFrame({name: Series(pc.struct_field(parts, name), dtype="str") for name in _PARTS})
    twice = (frame["before"].fillna("") != "") & (frame["after"].fillna("") != "")
    twice |= (frame["outer"].fillna("") != "") & (frame["inner"].fillna("") != "")
    frame["sign"] = (frame["before"].fillna("") + frame["after"].fillna("")).str.strip()
    frame["body"] = frame["body"].mask(twice | (frame["sign"].str.len() > MOST_OF_A_SIGN))
    return frame.assign(value=values)


def _used(style: Style, seen: set[str]) -> Style:
    """Return the style without the separators that no value has."""
    thousands = style.thousands if style.thousands in seen else ""
    decimal = style.decimal if style.decimal in seen or thousands == "." else "."
    return Style(decimal, thousands)


def _is_currency(sign: str) -> bool:
    return bool(matches(Series([sign], dtype="str"), r"\p{Sc}").iloc[0])
