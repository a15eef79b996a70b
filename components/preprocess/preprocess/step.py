"""Turn a dataset into train and test data, their schema and a report, in at most three passes.

The first pass decides the kinds of the columns, the second checks the data and decides the side of
each row, the third writes. Most often the first pass can do all of it (`single_pass.py`). About 15
bytes a row are held in memory, whatever the width of the table.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from preprocess.checks.table_checks import table_findings
from preprocess.findings import Finding, Severity, fail_on_errors
from preprocess.reading.batch import Batch, batches
from preprocess.reading.schema import Schema, to_document
from preprocess.reading.table import Dataset
from preprocess.rows.assignment import (
    Assignment,
    Numbered,
    Numbering,
    assign,
    take_kept_rows,
    typed,
)
from preprocess.rows.reference import class_mismatches, drift
from preprocess.rows.survey import Survey, survey
from preprocess.settings import Settings
from preprocess.single_pass import SinglePass
from preprocess.sketches.profiles import TableProfile
from preprocess.writing import SplitFiles

# From this share of repeated rows on, the checks read the table once more, without them.
FEW_DUPLICATES = 0.005


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

    Raises StepError where the table cannot be used as asked; then they may be incomplete.
    """
    with SinglePass(dataset.rows, settings, partial(_files, outputs, metadata)) as single_pass:
        found, numbered, findings = look(dataset, settings, single_pass)
        fail_on_errors(findings)
        # Arrow keeps what batches took for the next ones.
        pa.default_memory_pool().release_unused()
        assignment = assign(numbered, found, settings.test_fraction, settings.seed)
        schema = single_pass.schema(assignment)
    if not schema:
        files = _files(outputs, metadata, found)
        schema = _write_data(batches(dataset, settings.target), found, assignment, files)
    if settings.reference:
        findings = settings.allowed.apply([*findings, *drift(settings.reference, schema)])
    result = Preprocessed(schema, assignment, findings)
    _write_json(outputs.schema, to_document(schema))
    _write_json(outputs.report, report(result))
    return result


def look(
    dataset: Dataset, settings: Settings, single_pass: SinglePass
) -> tuple[Survey, Numbered, tuple[Finding, ...]]:
    """Read the table, and return what was found in it, with the findings of the checks."""
    read = partial(batches, dataset, settings.target)
    found = survey(single_pass.watch(read()), settings.target, settings.task, settings.reference)
    settings.allowed.check_columns(found.columns)
    numbering = single_pass.numbering(found)
    if not numbering:
        numbering = Numbering(found, dataset.rows)
        for batch in read():
            numbering.update(batch)
    numbered, profile = numbering.numbered(), numbering.profile
    if numbered.duplicates > FEW_DUPLICATES * dataset.rows:
        # A value that only its own copies repeat would seem to tell their target.
        profile = TableProfile(found.kinds, found.task, dataset.rows)
        take_kept_rows(read(), found, numbered, profile)
    findings = [*found.findings, *table_findings(found, numbered, profile)]
    if settings.reference:
        findings.extend(class_mismatches(settings.reference, numbered.labels))
    return found, numbered, settings.allowed.apply(findings)


def _files(outputs: Outputs, metadata: dict[str, str], found: Survey) -> SplitFiles:
    return SplitFiles(outputs.train_data, outputs.test_data, found, metadata)


def _write_data(
    read: Iterable[Batch], found: Survey, assignment: Assignment, files: SplitFiles
) -> Schema:
    start = 0
    with files:
        for batch in read:
            rows = slice(start, start + len(batch.frame))
            start = rows.stop
            files.write(*typed(batch, found), assignment.kept[rows], assignment.test[rows])
    return files.schema(assignment)


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


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
