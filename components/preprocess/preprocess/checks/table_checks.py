"""The checks of the second pass: what would make a model worthless, or may not be meant."""

from collections.abc import Iterator

import numpy as np

from preprocess.checks.leaks import FEWEST_ROWS, leaks
from preprocess.findings import Finding, Severity, all_missing, as_text, examples, quoted, remedy
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import Label
from preprocess.reading.target import Task
from preprocess.rows.assignment import NOTABLE_REPETITION, Numbered
from preprocess.rows.survey import Survey
from preprocess.sketches.profiles import ColumnProfile, TableProfile
from preprocess.sketches.value_sample import distinct_values

# Fewer rows of a class can hardly be learned from, nor tested on.
FEW_ROWS_OF_A_CLASS = 10
# Text is like an id from this share of distinct values on; numbers only if none repeats.
_UNIQUE_TEXT = 0.95
# So many repetitions would be expected of numbers drawn by chance; of ids there are none.
_EXPECTED_REPETITIONS = 10


def drops_repeated(asked: str, numbered: Numbered, table: TableProfile) -> bool:
    """Return whether rows that repeat another are left out: `asked` is keep, drop or empty.

    By default they are separate observations, unless a column numbers all other rows.
    """
    if asked:
        return asked == "drop"
    return bool(numbered.duplicates) and any(_is_key(each, numbered) for each in table.columns)


def _is_key(column: ColumnProfile, numbered: Numbered) -> bool:
    """Return whether only rows that repeat another repeat a value."""
    pairs, share = column.sample.pairs, column.sample.share
    if column.missing or not _is_id(column, numbered):
        return False
    repetitions = pairs.rows.sum() - distinct_values(pairs)
    surplus = column.rows - int(np.count_nonzero(numbered.kept))
    return bool(repetitions <= (0 if surplus < 0 else surplus) * (1 if share == 1 else 2 * share))


def table_findings(
    survey: Survey, numbered: Numbered, table: TableProfile, kept: Numbered
) -> Iterator[Finding]:
    """Yield what the checks find in the rows that have a target; `kept` are those to be split."""
    rows = len(numbered.kept)
    ids = {each.name: each for each in table.columns if _is_id(each, numbered)}
    yield from (all_missing(each.name) for each in table.columns if not each.present)
    constants = [each for each in table.columns if each.constant and each.rows > 1 and each.present]
    useless = {each.name for each in constants}
    useless |= {name for name, each in ids.items() if each.kind is Kind.CATEGORICAL}
    if len(useless) == len(table.columns):
        yield _no_usable_features(survey, table)
    numbers = {name for name, each in ids.items() if each.kind is Kind.NUMERIC}
    # Of a table with one feature, as of an example, the order of that may be what is to be learned.
    others = len(table.columns) - len(useless | numbers)
    yield from leaks(table, survey.target, numbers if others else set())
    yield from _rare_classes(survey, kept)
    yield from (_id_like(each, rows) for each in ids.values())
    yield from (_constant(each, rows) for each in constants)
    if numbered.duplicates > NOTABLE_REPETITION * rows:
        yield _repeated(numbered.duplicates, rows, kept.duplicates > 0)


def _no_usable_features(survey: Survey, table: TableProfile) -> Finding:
    return Finding(
        "no_usable_features",
        Severity.ERROR,
        f"--dataset: nothing can be learned about {survey.target!r}, because each of the"
        f" {len(table.columns)} feature(s) is constant, or text that differs in every row; add"
        " features",
        allowable=False,
    )


def _is_id(column: ColumnProfile, numbered: Numbered) -> bool:
    pairs, share = column.sample.pairs, column.sample.share
    if not column.unique or column.present < FEWEST_ROWS or not len(pairs.rows):
        return False
    distinct = distinct_values(pairs)
    repetitions = pairs.rows.sum() - distinct
    if column.kind is Kind.CATEGORICAL:
        return bool(distinct >= _UNIQUE_TEXT * pairs.rows.sum())
    # Whole rows that are repeated, and dropped, repeat the ids too.
    if repetitions > column.rows - np.count_nonzero(numbered.kept):
        return False
    span = column.maximum - column.minimum + 1
    return bool((distinct / share) ** 2 / (2 * span) >= _EXPECTED_REPETITIONS)


def _id_like(column: ColumnProfile, rows: int) -> Finding:
    shown = examples(as_text(value) for value, _ in column.examples)
    what = "texts" if column.kind is Kind.CATEGORICAL else "whole numbers"
    return Finding(
        "id_like",
        Severity.WARNING,
        f"column {column.name!r} looks like an id, because its {what} differ in almost every row,"
        f" such as {quoted(shown)}; {remedy('id_like', column.name)}",
        column=column.name,
        rows=column.present,
        share=column.present / rows,
        examples=shown,
    )


def _constant(column: ColumnProfile, rows: int) -> Finding:
    shown = examples(as_text(value) for value, _ in column.examples)
    return Finding(
        "constant",
        Severity.WARNING,
        f"column {column.name!r} has the value {quoted(shown)} in all {column.rows} rows, so it"
        f" tells a model nothing; {remedy('constant', column.name)}",
        column=column.name,
        rows=column.rows,
        share=column.rows / rows,
        examples=shown,
    )


def _rare_classes(survey: Survey, numbered: Numbered) -> Iterator[Finding]:
    if survey.task is Task.REGRESSION:
        return
    counted = sorted(zip(numbered.class_rows(numbered.kept), numbered.labels, strict=True))
    lone = [(label, count) for count, label in counted if count < 2]
    few = [(label, count) for count, label in counted if 2 <= count < FEW_ROWS_OF_A_CLASS]
    for severity, classes in ((Severity.ERROR, lone), (Severity.WARNING, few)):
        if classes:
            yield _rare(survey.target, severity, classes, len(numbered.kept))


def _rare(target: str, severity: Severity, classes: list[tuple[Label, int]], rows: int) -> Finding:
    lone = severity is Severity.ERROR
    shown = examples(label for label, _ in classes)
    if len(classes) == 1:
        which = f"the class {shown[0]!r} of {target!r} has {classes[0][1]} row{'s' * (not lone)}"
    else:
        which = f"{len(classes)} classes of {target!r} have few rows, such as " + ", ".join(
            f"{text!r} ({count})" for text, (_, count) in zip(shown, classes, strict=False)
        )
    what = "a train and a test row" if lone else "a model to be trusted with it"
    total = sum(count for _, count in classes)
    return Finding(
        "rare_class",
        severity,
        f"--target: {which}, too few for {what}; add rows, or leave the" " class out of the source",
        column=target,
        rows=total,
        share=total / rows,
        examples=shown,
        # The split cannot do without.
        allowable=not lone,
    )


def _repeated(duplicates: int, rows: int, drop: bool) -> Finding:
    outcome = (
        "are dropped; if they are separate observations, give --duplicates keep"
        if drop
        else "are kept; to drop them, give --duplicates drop"
    )
    return Finding(
        "repeated_rows",
        Severity.WARNING,
        f"{duplicates} of {rows} rows repeat another and {outcome}",
        rows=duplicates,
        share=duplicates / rows,
    )
