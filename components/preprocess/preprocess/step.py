"""Turn a dataset into train and test data, their schema and a report, in at most three passes.

The first pass decides the kinds of the columns, the second checks the data and decides the side of
each row, the third writes. Most often the first pass can do all of it (`single_pass.py`). About 15
bytes a row are held in memory, whatever the width of the table.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pinion_step.errors import StepError, reason
from pinion_step.formats.profile import to_json
from pinion_step.outputs import Staged, staged
from preprocess.checks.limits import limits
from preprocess.checks.table_checks import drops_repeated, table_findings
from preprocess.findings import (
    READ_AS,
    ChecksError,
    Finding,
    Severity,
    check_allowed_columns,
    fail_on_errors,
    overruled,
)
from preprocess.page import page
from preprocess.profile import table_profile
from preprocess.reading.schema import Schema, to_document
from preprocess.reading.table import Dataset
from preprocess.rows.assignment import Numbered, Numbering, assign, take_kept_rows, typed
from preprocess.rows.left_out import repeated, without_target
from preprocess.rows.positive_class import choose
from preprocess.rows.reference import class_mismatches, drift
from preprocess.rows.split import Mask
from preprocess.rows.survey import Survey, survey
from preprocess.settings import Settings, describe
from preprocess.single_pass import SinglePass
from preprocess.sketches.profiles import TableProfile
from preprocess.writing import SplitFiles, Written

# From this share of repeated rows on, the checks read the table once more, without them.
FEW_DUPLICATES = 0.005


@dataclass(frozen=True)
class Preprocessed:
    """What was written: its schema, the rows of the dataset, and which of them are test rows."""

    schema: Schema
    numbered: Numbered
    test: Mask
    findings: tuple[Finding, ...]

    def rows(self) -> dict[str, int]:
        """Return how many rows were read, left out and written."""
        test = int(np.count_nonzero(self.test))
        return {
            "read": len(self.test),
            "without_target": self.numbered.without_target,
            "duplicates": self.numbered.duplicates,
            "train": int(np.count_nonzero(self.numbered.kept)) - test,
            "test": test,
        }


def preprocess(settings: Settings, log: Callable[[str], None]) -> str:
    """Write the outputs, log errors and warnings, and return a summary in one line.

    Raises `StepError` if the table cannot be used as asked; then nothing is written.
    """
    dataset = Dataset(
        settings.inputs["dataset"], settings.ignored, settings.asked.hints.markers, settings.labels
    )
    metadata = dataset.origin | describe(settings)
    try:
        with staged(settings.outputs) as outputs:
            result = split_dataset(dataset, settings, outputs, metadata)
    except ChecksError as error:
        _log_all(error.findings, log)
        raise
    except OSError as error:
        raise StepError(
            f"--train-data: {settings.outputs['--train-data']} or another output cannot be written:"
            f" {reason(error)}; free some space, or choose another path"
        ) from None
    _log_all(result.findings, log)
    return _summary(result)


def split_dataset(
    dataset: Dataset, settings: Settings, outputs: Staged, metadata: dict[str, str]
) -> Preprocessed:
    """Write the outputs; both sides of the split carry the metadata."""
    new_files = partial(SplitFiles, outputs, metadata, "--profile" in settings.outputs)
    with closing(SinglePass(dataset.rows, settings, new_files)) as single_pass:
        found, numbered, findings = look(dataset, settings, single_pass)
        fail_on_errors(findings)
        positive = choose(numbered, found.target, settings.positive_class, settings.reference)
        # Arrow keeps what batches took for the next ones.
        pa.default_memory_pool().release_unused()
        test = assign(numbered, found, settings.test_fraction, settings.seed)
        written = single_pass.written(numbered, test)
    if not written:
        with closing(new_files(found)) as files:
            written = _write_data(dataset, found, numbered, test, files)
    if "--profile" in settings.outputs:
        text = to_json(table_profile(written, numbered, settings.column_types, metadata))
        outputs["--profile"].write_text(text, encoding="utf-8")
    schema = written.schema
    schema = replace(schema, target=replace(schema.target, positive_class=positive))
    late = [*limits(schema, {each.column for each in findings if each.check == "id_like"})]
    if settings.reference:
        late += drift(settings.reference, schema)
    findings = overruled([*findings, *late], settings.allowed)
    result = Preprocessed(schema, numbered, test, findings)
    _write_documents(result, settings, outputs)
    return result


def look(
    dataset: Dataset, settings: Settings, single_pass: SinglePass
) -> tuple[Survey, Numbered, tuple[Finding, ...]]:
    """Read the table, and return what was found in it, with the findings of the checks."""
    read = partial(dataset.batches, settings.target)
    found = survey(single_pass.watch(read()), dataset.rows, settings.asked, read)
    check_allowed_columns(settings.allowed, found.columns)
    numbering = single_pass.numbering(found)
    if not numbering:
        numbering = Numbering(found, dataset.rows)
        for batch in read():
            numbering.update(batch)
    numbered, profile = numbering.numbered(), numbering.profile
    if numbered.duplicates > FEW_DUPLICATES * dataset.rows:
        # A value that only copies of its row repeat would seem to determine their target.
        profile = TableProfile(found.kinds, found.task, dataset.rows)
        take_kept_rows(read(), found, numbered, profile)
    drop = drops_repeated(settings.duplicates, numbered, profile)
    kept = numbered if drop else numbered.with_repeated()
    findings = [*found.findings, *table_findings(found, numbered, profile, kept)]
    findings += numbering.extremes.findings()
    places, consented = dataset.places, found.said_missing(settings.asked.hints.markers)
    findings += without_target(found.target, numbered.codes < 0, consented, places)
    if drop:
        findings += repeated(
            (numbered.codes >= 0) & numbered.repeated, settings.duplicates == "drop", places
        )
    if settings.reference:
        findings.extend(class_mismatches(settings.reference, kept.labels))
    return found, kept, overruled(findings, settings.allowed)


def _write_data(
    dataset: Dataset, found: Survey, numbered: Numbered, test: Mask, files: SplitFiles
) -> Written:
    start = 0
    for batch in dataset.batches(found.target):
        rows = slice(start, start + len(batch.frame))
        start = rows.stop
        files.write(*typed(batch, found), numbered.kept[rows], test[rows])
    return files.finish(numbered.labels)


def report(result: Preprocessed) -> dict[str, Any]:
    """Return what was done to the table, as what is written to JSON."""
    rows = result.rows()
    document: dict[str, Any] = {"rows": rows}
    if result.numbered.labels:
        document["classes"] = [
            {"label": label, "train": train, "test": test}
            for label, train, test in result.numbered.classes(result.test)
        ]
    document["columns"] = [
        {
            "name": feature.name,
            "kind": feature.kind.value,
            "missing": feature.missing,
            "missing_share": round(feature.missing / (rows["train"] + rows["test"]), 6),
        }
        for feature in result.schema.features
    ]
    document["checks"] = [finding.document() for finding in result.findings]
    warnings = (each for each in result.findings if each.severity is Severity.WARNING)
    return document | {"warnings": [each.message for each in warnings]}


def _write_documents(result: Preprocessed, settings: Settings, outputs: Staged) -> None:
    schema, found = to_document(result.schema), report(result)
    _write_json(outputs["--schema"], schema)
    _write_json(outputs["--data-summary"], found)
    if "--data-report" in settings.outputs:
        outputs["--data-report"].write_text(page(found, schema), encoding="utf-8")


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _summary(result: Preprocessed) -> str:
    schema, rows = result.schema, result.rows()
    classes = f" with {len(result.numbered.labels)} classes" if result.numbered.labels else ""
    if schema.target.positive_class is not None:
        classes += f", of which {schema.target.positive_class!r} is positive"
    return (
        f"{rows['train']} train and {rows['test']} test rows,"
        f" {len(schema.features)} features, {schema.task.value} of"
        f" {schema.target.name!r}{classes} (dropped: {rows['duplicates']} duplicates,"
        f" {rows['without_target']} rows without a target)"
    )


def _log_all(findings: Sequence[Finding], log: Callable[[str], None]) -> None:
    """Log errors and warnings; a single error is only the last line of the log."""
    errors = sum(each.severity is Severity.ERROR for each in findings)
    for each in findings:
        if each.check == READ_AS and each.severity is Severity.INFO:
            log(each.message)
        if each.severity is Severity.WARNING or (each.severity is Severity.ERROR and errors > 1):
            log(f"{each.severity.value}: {each.message}")
