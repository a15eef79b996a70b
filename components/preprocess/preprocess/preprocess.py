"""From a dataset to train and test data, their schema and a report, in three passes.

The first decides the kinds of the columns, the second the side of each row, the third writes. Only
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
from preprocess.assignment import Assignment, assign
from preprocess.clean import clean
from preprocess.errors import PreprocessError
from preprocess.kinds import Kind, to_kind
from preprocess.reference import drift_warnings
from preprocess.schema import Feature, Schema, Target, to_document
from preprocess.statistics import FeatureStatistics
from preprocess.survey import Survey, survey
from preprocess.table import Dataset, SplitWriter
from preprocess.target import TargetType, Task, target_values, whole_numbers

# A larger share of repeated rows is likely no accident: the table may have too few columns.
NOTABLE_REPETITION = 0.1


@dataclass(frozen=True)
class Settings:
    """What the caller asks for. An empty target or task is that of the reference, or inferred."""

    target: str
    task: Task | None
    test_fraction: float
    seed: int
    reference: Schema | None


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
    warnings: tuple[str, ...]

    @property
    def test_rows(self) -> int:
        """The number of test rows."""
        return int(np.count_nonzero(self.assignment.test))

    @property
    def train_rows(self) -> int:
        """The number of train rows."""
        return int(np.count_nonzero(self.assignment.kept)) - self.test_rows


def preprocess(dataset: Dataset, settings: Settings, outputs: Outputs) -> Preprocessed:
    """Write the four outputs.

    Raises PreprocessError where the table cannot be used as asked; then they may be incomplete.
    """
    frames = partial(_cleaned, dataset, settings.target)
    found = survey(frames(), settings.target, settings.task, settings.reference)
    assignment = assign(frames(), found, settings.test_fraction, settings.seed, settings.reference)
    schema = _write_data(dataset, found, assignment, outputs)
    warnings = [*found.warnings, *_repetition_warnings(assignment)]
    if settings.reference:
        warnings.extend(drift_warnings(settings.reference, schema))
    result = Preprocessed(schema, assignment, tuple(warnings))
    _write_json(outputs.schema, to_document(schema))
    _write_json(outputs.report, report(result))
    return result


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
    document["warnings"] = list(result.warnings)
    return document


def _repetition_warnings(assignment: Assignment) -> Iterator[str]:
    rows = len(assignment.kept)
    if assignment.duplicates > NOTABLE_REPETITION * rows:
        yield (
            f"{assignment.duplicates} of {rows} rows repeat another and are dropped; if they are"
            " observations of their own, give the table a column that tells them apart"
        )


def _cleaned(dataset: Dataset, target: str) -> Iterator[DataFrame]:
    return map(clean, dataset.frames(target))


def _write_data(
    dataset: Dataset, found: Survey, assignment: Assignment, outputs: Outputs
) -> Schema:
    arrow = _arrow_schema(found)
    statistics = {name: FeatureStatistics(name, kind) for name, kind in found.kinds.items()}
    target_range = FeatureStatistics(found.target, Kind.NUMERIC)
    start = 0
    with (
        SplitWriter(outputs.train_data, arrow, dataset.origin, "train") as train,
        SplitWriter(outputs.test_data, arrow, dataset.origin, "test") as test,
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
