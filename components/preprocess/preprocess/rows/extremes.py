"""Numbers that estimators cannot hold, found in the first pass: where they are, and how many."""

import json
from collections.abc import Collection, Iterator

import numpy as np
from pandas import Series

from preprocess.findings import MOST_EXAMPLES, Finding, Severity, examples, header_note, remedy
from preprocess.reading.table import Batch
from preprocess.reading.target import MOST_EXACT

# Forests and boosting take 32-bit floats, and squares of larger numbers leave those of 64 bits.
MOST_FLOAT32 = float(np.finfo(np.float32).max)


class Extremes:
    """The values of each column beyond what estimators can hold."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, bool], int] = {}
        self._found: dict[tuple[str, bool], list[tuple[str, int]]] = {}
        self._header = False

    def update(self, batch: Batch) -> None:
        """Take a further batch into account."""
        self._header |= batch.first == 2
        for name in batch.frame:
            numbers = batch.numbers.get(str(name), batch.frame[name])
            if numbers.dtype != "float64":
                continue
            values = numbers.to_numpy()
            ends = np.fmax.reduce(values), -np.fmin.reduce(values)
            merged = name in batch.integers
            most = MOST_EXACT if merged else MOST_FLOAT32
            if max(ends) > most:
                self._add(batch, str(name), np.flatnonzero(np.abs(values) > most), merged)

    def _add(self, batch: Batch, name: str, places: np.ndarray, merged: bool) -> None:
        key = (name, merged)
        self._counts[key] = self._counts.get(key, 0) + len(places)
        found = self._found.setdefault(key, [])
        for place in places[: MOST_EXAMPLES - len(found)].tolist():
            found.append((_shown(batch.frame[name], place, merged), batch.first + place))

    def findings(self, columns: Collection[str], target: str) -> Iterator[Finding]:
        """Yield a finding for each of the columns, those that are read as numbers."""
        for (name, merged), count in self._counts.items():
            if name in columns:
                yield self._finding(name, merged, count, name == target)

    def _finding(self, name: str, merged: bool, count: int, is_target: bool) -> Finding:
        found = self._found[name, merged]
        shown = examples(value for value, _ in found)
        where = ", ".join(
            f"{value} in row {row:,}" for value, (_, row) in zip(shown, found, strict=True)
        )
        where += header_note(self._header)
        if merged:
            text = (
                f"column {name!r} has {count:,} whole number(s) beyond 2^53, which a double may"
                f" merge: {where}; write them as text if they are codes"
            )
            return Finding("huge_number", Severity.WARNING, text, name, count, examples=shown)
        marker = json.dumps(list(dict.fromkeys(value for value, _ in found)))
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
