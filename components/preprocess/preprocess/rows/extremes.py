"""Numbers that estimators cannot hold, found as they are read: where they are, and how many."""

import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pandas import Series

from preprocess.findings import MOST_EXAMPLES, Finding, Severity, examples, remedy
from preprocess.reading.batch import Batch
from preprocess.reading.kinds import Kind
from preprocess.reading.places import FROM_ONE
from preprocess.reading.target import MOST_EXACT, Task
from preprocess.rows.split import Mask
from preprocess.rows.survey import Survey
from preprocess.sketches.profiles import Rows

# Forests and boosting take 32-bit floats, and squares of larger numbers leave those of 64 bits.
MOST_FLOAT32 = float(np.finfo(np.float32).max)


class Extremes:
    """The values of each numeric column beyond what estimators can hold."""

    def __init__(self, survey: Survey) -> None:
        """Labels of a classification are not numbers, whatever they look like."""
        self._survey = survey
        self._numbers = [name for name, kind in survey.kinds.items() if kind is Kind.NUMERIC]
        self._counts: dict[tuple[str, bool], int] = {}
        self._found: dict[tuple[str, bool], list[tuple[str, int]]] = {}
        self._places = FROM_ONE

    def update(self, batch: Batch, rows: Rows) -> None:
        """Take a further batch into account: as it was read, and as it was converted."""
        self._places = batch.places
        for name in self._numbers:
            self._take(batch, name, rows.features[name])
        if self._survey.task is Task.REGRESSION:
            self._take(batch, self._survey.target, rows.values)

    def _take(self, batch: Batch, name: str, numbers: Series) -> None:
        values = numbers.to_numpy(np.float64)
        ends = np.fmax.reduce(values), -np.fmin.reduce(values)
        merged = name in batch.integers
        most = MOST_EXACT if merged else MOST_FLOAT32
        lost = None if name in batch.numbers else self._lost(batch.frame[name], name, values)
        if max(ends) > most or lost is not None:
            beyond = np.abs(values) > most
            self._add(batch, name, np.flatnonzero(beyond if lost is None else beyond | lost))

    def _lost(self, column: Series, name: str, values: NDArray[np.float64]) -> Mask | None:
        """Return which texts are numbers that not even a double can hold, which are missing now."""
        if column.dtype != "str":
            return None
        lost = np.isnan(values) & column.notna().to_numpy()
        reading = self._survey.reading(name)
        texts = column[lost]
        texts = texts[~texts.isin(reading.markers)]
        if texts.empty:
            return None
        fit, _ = reading.plain(texts, Kind.NUMERIC)
        return column.index.isin(texts.index[fit.to_numpy(bool)]) if fit.any() else None

    def _add(self, batch: Batch, name: str, places: NDArray[np.intp]) -> None:
        merged = name in batch.integers
        key = (name, merged)
        self._counts[key] = self._counts.get(key, 0) + len(places)
        found = self._found.setdefault(key, [])
        for place in places[: MOST_EXAMPLES - len(found)].tolist():
            found.append((_shown(batch.frame[name], place, merged), batch.row(place)))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each column that has such numbers."""
        for (name, merged), count in self._counts.items():
            yield self._finding(name, merged, count, name == self._survey.target)

    def _finding(self, name: str, merged: bool, count: int, is_target: bool) -> Finding:
        found = self._found[name, merged]
        shown = examples(value for value, _ in found)
        where = ", ".join(
            f"{value} in row {row:,}" for value, (_, row) in zip(shown, found, strict=True)
        )
        where += self._places.note
        if merged:
            text = (
                f"column {name!r} has {count:,} whole number(s) beyond 2^53, which a double may"
                f" merge: {where}; write them as text if they are codes"
            )
            return Finding("huge_number", Severity.WARNING, text, name, count, examples=shown)
        marker = json.dumps(list(dict.fromkeys(value for value, _ in found)), ensure_ascii=False)
        text = (
            f"--dataset: column {name!r} has {count:,} number(s) beyond 3.4e38, which estimators of"
            f" 32-bit floats cannot hold: {where}; correct them, make them missing with"
            f" --missing-markers '{marker}', or scale the column or take its logarithm in the"
            f" source{'' if is_target else '; ' + remedy('huge_number', name)}"
        )
        return Finding("huge_number", Severity.ERROR, text, name, count, None, shown, not is_target)


def _shown(column: Series, place: int, merged: bool) -> str:
    value = column.iloc[place]
    return str(int(value)) if merged else str(value)
