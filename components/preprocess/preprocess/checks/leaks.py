"""Columns that equal the target, or all but determine it.

A model that has such a column scores well and is worth nothing, as the column is not known when the
target is still to be predicted. What honest data can show too is a warning: that a threshold on a
measured number separates the classes, as the length of a petal does in some flowers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class TargetFacts:
    """The target over all rows that have one; `class_rows` is empty in a regression."""

    name: str
    class_rows: tuple[int, ...]


def leaks(table: TableProfile, target: TargetFacts, row_numbers: set[str]) -> Iterator[Finding]:
    """Yield at most one finding for each column; `row_numbers` are columns that number the rows."""
    for column in table.columns:
        found = _of_column(table, column, target, column.name in row_numbers)
        if found:
            yield found


def _of_column(
    table: TableProfile, column: ColumnProfile, target: TargetFacts, numbers_rows: bool
) -> Finding | None:
    if column.constant or column.rows < FEWEST_ROWS:
        return None
    found = _told_by_values(column, target)
    if found and found.severity is Severity.ERROR:
        return found
    if table.task is Task.REGRESSION:
        return _correlated(table, column, target) or found
    return _told_by_missing(column, target) or _separated(column, target, numbers_rows) or found


def _told_by_values(column: ColumnProfile, target: TargetFacts) -> Finding | None:
    pairs = _with_missing(column, bool(target.class_rows))
    if not column.telling or pairs.rows.sum() < FEWEST_ROWS:
        return None
    told, back = (determination(each, FEWEST_OTHER_ROWS) for each in (pairs, pairs.swapped()))
    if not told or told.gain < _TELLING:
        return None
    share = column.sample.share
    # Of a part of the values, each target meets few, so that it says little of the way back.
    few = share == 1 or distinct_values(pairs) / share <= 1.1 * len(target.class_rows)
    shown = _pair_examples(column)
    if few and back and back.gain >= _TELLING:
        text = (
            f"re-codes the target {target.name!r} in {told.told:.2%} of the rows ({quoted(shown)})"
        )
        return _leak(column, Severity.ERROR, text, shown, told.told)
    coded = column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
    coded &= pairs.rows.sum() >= _ROWS_OF_A_CODE * distinct_values(pairs)
    text = f"determines the target {target.name!r} in {told.told:.2%} of the rows ({quoted(shown)})"
    return _leak(column, Severity.ERROR if coded else Severity.WARNING, text, shown, told.told)


def _with_missing(column: ColumnProfile, classes: bool) -> Pairs:
    """Return the column's pairs; if the target has classes, missing counts as a value too."""
    pairs = column.sample.pairs
    if not (classes and column.missing and len(pairs.rows)):
        return pairs
    # As many of them as of the values.
    missing = _missing_pairs(column.missing_by_class * column.sample.share)
    return pairs.joined(missing)


def _missing_pairs(rows: np.ndarray) -> Pairs:
    codes = np.flatnonzero(rows)
    # No hash of a value is 0, but that of missing text.
    return Pairs(np.zeros(len(codes), np.uint64), codes.astype(np.uint64), rows[codes])


def _told_by_missing(column: ColumnProfile, target: TargetFacts) -> Finding | None:
    if not column.missing:
        return None
    every = np.array(target.class_rows, np.float64)
    missing = np.zeros(len(every))
    missing[: len(column.missing_by_class)] = column.missing_by_class
    present = _missing_pairs(every - missing)
    pairs = _missing_pairs(missing).joined(
        Pairs(present.values + np.uint64(1), present.targets, present.rows)
    )
    told = determination(pairs, FEWEST_OTHER_ROWS)
    if not told or told.gain < _TELLING:
        return None
    text = (
        f"is missing in {column.missing} rows, which tells the target {target.name!r} in"
        f" {told.told:.2%} of the rows"
    )
    return _leak(column, Severity.ERROR, text, (), told.told)


def _separated(column: ColumnProfile, target: TargetFacts, numbers_rows: bool) -> Finding | None:
    others = sum(target.class_rows) - max(target.class_rows)
    if others < FEWEST_OTHER_ROWS or not column.ranges.separates(len(target.class_rows)):
        return None
    if numbers_rows:
        text = f"numbers rows that are sorted by the target {target.name!r}, and so tells the class"
        return _leak(column, Severity.ERROR, text, _pair_examples(column))
    text = f"separates the classes of {target.name!r} by thresholds, without any overlap"
    return _leak(column, Severity.WARNING, text, _pair_examples(column))


def _correlated(table: TableProfile, column: ColumnProfile, target: TargetFacts) -> Finding | None:
    if column.name not in table.measured.columns:
        return None
    values, targets = table.measured.with_target(column.name)
    if len(values) < FEWEST_ROWS:
        return None
    ranked = abs(rank_correlation(values, targets))
    # A single far value correlates by itself, but does not order the others.
    linear = abs(correlation(values, targets)) if ranked >= _SAME_ORDER else 0.0
    if max(ranked, linear) < NEARLY_ONE:
        return None
    how = "Pearson's" if linear >= NEARLY_ONE else "Spearman's rank"
    found = linear if linear >= NEARLY_ONE else ranked
    text = f"follows the target {target.name!r} ({how} correlation {found:.6f}, without sign)"
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
        f"column {column.name!r} {text}; if it is not known before the target,"
        f" {remedy(CHECK, column.name)}",
        column=column.name,
        share=share,
        examples=shown,
    )


def _pair_examples(column: ColumnProfile) -> tuple[str, ...]:
    return examples(f"{as_text(value)} → {as_text(target)}" for value, target in column.examples)
