"""Columns that equal the target, or all but determine it.

A model that has such a column scores well and is worth nothing, as the column is not known when the
target is still to be predicted. What honest data can show too is a warning: that a threshold on a
measured number separates the classes, as the length of a petal does in some flowers.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from preprocess.findings import Finding, Severity, as_text, examples, quoted, remedy
from preprocess.reading.kinds import Kind
from preprocess.reading.target import Task
from preprocess.sketches.profiles import ColumnProfile, TableProfile
from preprocess.sketches.row_sample import correlation, rank_correlation
from preprocess.sketches.value_sample import Pairs, determination, distinct_values

CHECK = "target_leak"
# Below, a match may be chance.
FEWEST_ROWS = 30
FEWEST_OTHER_ROWS = 5
NEARLY_ONE = 0.9999
_SAME_ORDER = 0.99
_TELLING = 0.99
# A value of fewer rows is rather the name of a group, of a customer say, than a code of the target.
_ROWS_OF_A_CODE = 20


def leaks(table: TableProfile, target: str, row_numbers: set[str]) -> Iterator[Finding]:
    """Yield at most one finding for each column.

    `target` is the target's name, and `row_numbers` are the columns that number the rows.
    """
    for column in table.columns:
        found = _of_column(table, column, target, column.name in row_numbers)
        if found:
            yield found


def _of_column(
    table: TableProfile, column: ColumnProfile, target: str, numbers_rows: bool
) -> Finding | None:
    if column.constant or column.rows < FEWEST_ROWS:
        return None
    found = _told_by_values(table, column, target)
    if found and found.severity is Severity.ERROR:
        return found
    if table.task is Task.REGRESSION:
        return _correlated(table, column, target) or found
    missing = _told_by_missing(table, column, target)
    return missing or _separated(table, column, target, numbers_rows) or found


def _told_by_values(table: TableProfile, column: ColumnProfile, target: str) -> Finding | None:
    pairs = _with_missing(column, bool(table.class_rows))
    if not column.telling or pairs.rows.sum() < FEWEST_ROWS:
        return None
    told, gain = determination(pairs, FEWEST_OTHER_ROWS)
    if gain < _TELLING:
        return None
    share, values = column.sample.share, distinct_values(pairs)
    # Of a part of the values, each target meets few, so that it says little of the way back.
    few = share == 1 or values / share <= 1.1 * len(table.class_rows)
    _, gain_back = determination(pairs.swapped(), FEWEST_OTHER_ROWS)
    shown = _pair_examples(column)
    in_rows = f"the target {target!r} in {told:.2%} of the rows ({quoted(shown)})"
    if few and gain_back >= _TELLING:
        return _leak(column, Severity.ERROR, f"encodes {in_rows}", shown, told)
    coded = column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
    coded &= pairs.rows.sum() >= _ROWS_OF_A_CODE * values
    severity = Severity.ERROR if coded else Severity.WARNING
    return _leak(column, severity, f"determines {in_rows}", shown, told)


def _with_missing(column: ColumnProfile, classes: bool) -> Pairs:
    """Return the column's pairs; if the target has classes, missing counts as a value too."""
    pairs = column.sample.pairs
    if not (classes and column.missing and len(pairs.rows)):
        return pairs
    # As many of them as of the values.
    return pairs.joined(_missing_pairs(column.missing_by_class * column.sample.share))


def _missing_pairs(rows: np.ndarray) -> Pairs:
    codes = np.flatnonzero(rows)
    # No hash of a value is 0, but that of missing text.
    return Pairs(np.zeros(len(codes), np.uint64), codes.astype(np.uint64), rows[codes])


def _told_by_missing(table: TableProfile, column: ColumnProfile, target: str) -> Finding | None:
    if not column.missing:
        return None
    every = np.array(table.class_rows, np.float64)
    missing = np.zeros(len(every))
    missing[: len(column.missing_by_class)] = column.missing_by_class
    present = _missing_pairs(every - missing)
    present = replace(present, values=present.values + np.uint64(1))
    told, gain = determination(_missing_pairs(missing).joined(present), FEWEST_OTHER_ROWS)
    if gain < _TELLING:
        return None
    text = (
        f"is missing in {column.missing} rows, which reveals the target {target!r} in {told:.2%} of"
        " the rows"
    )
    return _leak(column, Severity.ERROR, text, (), told)


def _separated(
    table: TableProfile, column: ColumnProfile, target: str, numbers_rows: bool
) -> Finding | None:
    others = sum(table.class_rows) - max(table.class_rows)
    if others < FEWEST_OTHER_ROWS or not column.ranges.separates(len(table.class_rows)):
        return None
    if numbers_rows:
        text = f"numbers rows that are sorted by the target {target!r}, so it reveals the class"
        return _leak(column, Severity.ERROR, text, _pair_examples(column))
    text = f"separates the classes of {target!r} by thresholds, without overlap"
    return _leak(column, Severity.WARNING, text, _pair_examples(column))


def _correlated(table: TableProfile, column: ColumnProfile, target: str) -> Finding | None:
    if column.name not in table.measured.columns:
        return None
    values, targets = table.measured.with_target(column.name)
    if len(values) < FEWEST_ROWS:
        return None
    found, how = abs(rank_correlation(values, targets)), "Spearman's rank"
    # A single far value correlates by itself, but does not order the others.
    linear = abs(correlation(values, targets)) if found >= _SAME_ORDER else 0.0
    if linear >= NEARLY_ONE:
        found, how = linear, "Pearson's"
    if found < NEARLY_ONE:
        return None
    text = f"follows the target {target!r} ({how} correlation: {found:.6f} in absolute value)"
    return _leak(column, Severity.ERROR, text, _pair_examples(column))


def _leak(
    column: ColumnProfile,
    severity: Severity,
    text: str,
    shown: tuple[str, ...],
    share: float | None = None,
) -> Finding:
    return Finding(
        CHECK,
        severity,
        f"column {column.name!r} {text}; if you do not know it before the target,"
        f" {remedy(CHECK, column.name)}",
        column=column.name,
        share=share,
        examples=shown,
    )


def _pair_examples(column: ColumnProfile) -> tuple[str, ...]:
    return examples(f"{as_text(value)} → {as_text(target)}" for value, target in column.examples)
