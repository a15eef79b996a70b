"""From a dataset to train and test data, their schema and a report, in three passes.

The first decides the kinds of the columns, the second checks the data and decides the side of each
row, the third writes. Only
some 20 bytes a row are held in memory, whatever the width of the table.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pandas import DataFrame

from preprocess import kinds, target
from preprocess.assignment import Assignment, Numbered, assign, number, take_kept_rows
from preprocess.checks import table_findings
from preprocess.clean import clean
from preprocess.errors import PreprocessError
from preprocess.findings import Allowed, Finding, Severity, fail_on_errors
from preprocess.kinds import Kind, to_kind
from preprocess.profiles import TableProfile
from preprocess.reference import class_mismatches, drift
from preprocess.schema import Feature, Schema, Target, to_document
from preprocess.statistics import FeatureStatistics
from preprocess.survey import Survey, survey
from preprocess.table import Dataset, SplitWriter
from preprocess.target import TargetType, Task, target_values, whole_numbers

# From this share of repeated rows on, the checks read the table once more, without them.
FEW_DUPLICATES = 0.005


@dataclass(frozen=True)
class Settings:
    """What the caller asks for. An empty target or task is that of the reference, or inferred."""

    target: str
    task: Task | None
    test_fraction: float
    seed: int
    reference: Schema | None
    allowed: Allowed


@dataclass(frozen=True)
class Outputs:
    """Where the four outputs are written."""

    train_data: Path
    test_data: Path
    schema: Path
    report: Path


@dataclass(frozen=True)
class Preprocessed:
    """What was written."""

    schema: Schema
    assignment: Assignment
    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> list[str]:
        """The messages of the findings that are warnings."""
        return [each.message for each in self.findings if each.severity is Severity.WARNING]

    @property
    def test_rows(self) -> int:
        """The number of test rows."""
        return int(np.count_nonzero(self.assignment.test))

    @property
    def train_rows(self) -> int:
        """The number of train rows."""
        return int(np.count_nonzero(self.assignment.kept)) - self.test_rows


def preprocess(
    dataset: Dataset, settings: Settings, outputs: Outputs, metadata: dict[str, str]
) -> Preprocessed:
    """Write the four outputs; both sides of the split carry the metadata.

    Raises PreprocessError where the table cannot be used as asked; then they may be incomplete.
    """
    found, numbered, findings = look(dataset, settings)
    fail_on_errors(findings)
    assignment = assign(numbered, found, settings.test_fraction, settings.seed)
    schema = _write_data(dataset, found, assignment, outputs, metadata)
    if settings.reference:
        findings = settings.allowed.apply([*findings, *drift(settings.reference, schema)])
    result = Preprocessed(schema, assignment, findings)
    _write_json(outputs.schema, to_document(schema))
    _write_json(outputs.report, report(result))
    return result


def look(dataset: Dataset, settings: Settings) -> tuple[Survey, Numbered, tuple[Finding, ...]]:
    """Read the table twice, and return what was found in it, with the findings of the checks."""
    frames = partial(_cleaned, dataset, settings.target)
    found = survey(frames(), settings.target, settings.task, settings.reference)
    settings.allowed.check_columns(found.columns)
    profile = TableProfile(found.kinds, found.task, dataset.rows)
    numbered = number(frames(), found, profile, dataset.rows)
    if numbered.duplicates > FEW_DUPLICATES * dataset.rows:
        # A value that only its own copies repeat would seem to tell their target.
        profile = TableProfile(found.kinds, found.task, dataset.rows)
        take_kept_rows(frames(), found, numbered, profile)
    findings = [*found.findings, *table_findings(found, numbered, profile)]
    if settings.reference:
        findings.extend(class_mismatches(settings.reference, numbered.labels))
    return found, numbered, settings.allowed.apply(findings)


def report(result: Preprocessed) -> dict[str, Any]:
    """Return what was done to the table, as what is written to JSON."""
    assignment = result.assignment
    rows = result.train_rows + result.test_rows
    document: dict[str, Any] = {
        "rows": {
            "read": len(assignment.kept),
            "without_target": assignment.without_target,
            "duplicates": assignment.duplicates,
            "train": result.train_rows,
            "test": result.test_rows,
        }
    }
    if assignment.classes:
        document["classes"] = [
            {"label": each.label, "train": each.train, "test": each.test}
            for each in assignment.classes
        ]
    document["columns"] = [
        {
            "name": feature.name,
            "kind": feature.kind.value,
            "missing": feature.missing,
            "missing_share": round(feature.missing / rows, 6),
        }
        for feature in result.schema.features
    ]
    document["checks"] = [finding.document() for finding in result.findings]
    document["warnings"] = result.warnings
    return document


def _cleaned(dataset: Dataset, target: str) -> Iterator[DataFrame]:
    return map(clean, dataset.frames(target))


def _write_data(
    dataset: Dataset,
    found: Survey,
    assignment: Assignment,
    outputs: Outputs,
    metadata: dict[str, str],
) -> Schema:
    arrow = _arrow_schema(found)
    count = len(found.kinds)
    statistics = {name: FeatureStatistics(name, kind, count) for name, kind in found.kinds.items()}
    target_range = FeatureStatistics(found.target, Kind.NUMERIC, count)
    start = 0
    with (
        SplitWriter(outputs.train_data, arrow, metadata, "train") as train,
        SplitWriter(outputs.test_data, arrow, metadata, "test") as test,
    ):
        for frame in _cleaned(dataset, found.target):
            rows = slice(start, start + len(frame))
            start = rows.stop
            kept, tested = assignment.kept[rows], assignment.test[rows]
            typed = _typed(frame[kept], found)
            for name, column in statistics.items():
                column.update(typed[name])
            if found.task is Task.REGRESSION:
                target_range.update(typed[found.target])
            train.write(typed[~tested[kept]])
            test.write(typed[tested[kept]])
    features = tuple(column.feature() for column in statistics.values())
    return Schema(found.task, _target(found, assignment, target_range), features)


def _arrow_schema(found: Survey) -> pa.Schema:
    types = {name: kinds.ARROW_TYPES[kind] for name, kind in found.kinds.items()}
    types[found.target] = target.ARROW_TYPES[found.target_type]
    return pa.schema([(name, types[name]) for name in found.columns])


def _typed(frame: DataFrame, found: Survey) -> DataFrame:
    """Convert the kept rows of a cleaned frame to the types of the output."""
    columns = {}
    for name in frame.columns:
        if name != found.target:
            columns[name] = to_kind(frame[name], found.kinds[name])
            continue
        values = target_values(frame[name], found.target_type)
        whole = found.target_type is TargetType.INTEGER
        columns[name] = whole_numbers(values) if whole else values
    return DataFrame(columns, index=frame.index)


def _target(found: Survey, assignment: Assignment, values: FeatureStatistics) -> Target:
    if found.task is Task.CLASSIFICATION:
        classes = tuple(each.label for each in assignment.classes)
        return Target(found.target, found.target_type, classes=classes)
    span: Feature = values.feature()
    if not isinstance(span.minimum, float) or not isinstance(span.maximum, float):
        raise PreprocessError(f"--target: {found.target!r} has no values")
    return Target(found.target, found.target_type, minimum=span.minimum, maximum=span.maximum)


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
