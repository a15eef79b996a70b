"""What the caller asks for, and how the outputs record it."""

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinion_step.errors import WrongCallError
from pinion_step.lineage import sha256
from preprocess.clean import MISSING
from preprocess.findings import CHECKS
from preprocess.reading.hints import COLUMN_TYPES, Hints
from preprocess.reading.schema import Schema, read_schema
from preprocess.reading.target import Task
from preprocess.rows.reference import check_kinds_kept
from preprocess.rows.survey import Asked


@dataclass(frozen=True)
class Settings:
    """The settings of one call: inputs by name, outputs by flag."""

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    asked: Asked
    positive_class: str
    test_fraction: float
    seed: int
    ignored: tuple[str, ...]
    allowed: tuple[str, ...]
    column_types: Mapping[str, str]
    decimal: str
    thousands: str
    date_format: str
    duplicates: str

    @property
    def labels(self) -> frozenset[str]:
        """The words that are classes of the target, though they are missing elsewhere."""
        said = (
            entry.removeprefix("class:") for entry in self.allowed if entry.startswith("class:")
        )
        earlier = (self.reference.target.classes if self.reference else None) or ()
        return frozenset((*said, *(label for label in earlier if isinstance(label, str))))

    @property
    def target(self) -> str:
        """The column to predict."""
        return self.asked.target

    @property
    def reference(self) -> Schema | None:
        """The schema of an earlier table, which this one must match."""
        return self.asked.reference


def read_settings(given: Namespace) -> Settings:
    """Return the settings that the flags give; raises `StepError` if they cannot be used."""
    # What is wrong with the call is reported before what is wrong with a file.
    allowed = _allowed(given.allowed_checks)
    reference = read_schema(given.reference_schema) if given.reference_schema else None
    target = given.target.strip() or (reference.target.name if reference else "")
    if not target:
        raise WrongCallError("--target: name the column to predict")
    task = Task(given.task) if given.task else None
    ignored = tuple(name.strip() for name in given.ignore_columns)
    if target in ignored:
        raise WrongCallError(f"--ignore-columns: {target!r} is the target; remove it from the list")
    return Settings(
        inputs=_inputs(given),
        outputs=_outputs(given),
        asked=Asked(target, task, reference, _hints(given, allowed, reference)),
        positive_class=given.positive_class.strip(),
        test_fraction=given.test_fraction,
        seed=given.seed,
        ignored=ignored,
        allowed=allowed,
        column_types=given.column_types,
        decimal=given.decimal,
        thousands=given.thousands,
        date_format=given.date_format,
        duplicates=given.duplicates,
    )


def _inputs(given: Namespace) -> dict[str, Path]:
    inputs = {"dataset": given.dataset, "reference_schema": given.reference_schema}
    return {name: file for name, file in inputs.items() if file}


def _outputs(given: Namespace) -> dict[str, Path]:
    outputs = {
        "--train-data": given.train_data,
        "--test-data": given.test_data,
        "--schema": given.schema,
        "--data-summary": given.data_summary,
        "--data-report": given.data_report,
        "--profile": given.profile,
    }
    return {flag: file for flag, file in outputs.items() if file}


def describe(settings: Settings) -> dict[str, str]:
    """Return the metadata that record the parameters and the SHA-256 of each input."""
    document = {
        "parameters": {
            "target": settings.target,
            "task": settings.asked.task.value if settings.asked.task else "",
            "positive_class": settings.positive_class,
            "test_fraction": settings.test_fraction,
            "seed": settings.seed,
            "ignore_columns": settings.ignored,
            "allowed_checks": settings.allowed,
            "column_types": settings.column_types,
            "missing_markers": settings.asked.hints.markers,
            "decimal": settings.decimal,
            "thousands": settings.thousands,
            "date_format": settings.date_format,
            "duplicates": settings.duplicates,
        },
        "inputs": {name: sha256(path) for name, path in settings.inputs.items()},
    }
    return {"pinion.preprocess": json.dumps(document, ensure_ascii=False, sort_keys=True)}


def _allowed(given: Sequence[str]) -> tuple[str, ...]:
    entries = tuple(entry.strip() for entry in given)
    for entry in entries:
        if entry.partition(":")[0] not in CHECKS:
            known = ", ".join(CHECKS)
            raise WrongCallError(f"--allowed-checks: {entry!r} is not a check (known: {known})")
    return entries


def _hints(given: Namespace, allowed: Sequence[str], reference: Schema | None) -> Hints:
    kinds = {}
    for name, word in given.column_types.items():
        if not isinstance(word, str) or word not in COLUMN_TYPES:
            raise WrongCallError(
                f"--column-types: {word!r} of {name!r} is not a type (known:"
                f" {', '.join(COLUMN_TYPES)})"
            )
        kinds[name.strip()] = COLUMN_TYPES[word]
    split = (entry.partition(":") for entry in allowed)
    if given.decimal and given.decimal == given.thousands:
        raise WrongCallError(
            f"--thousands: {given.thousands!r} is the decimal sign too; give another"
        )
    if reference:
        check_kinds_kept(reference, kinds)
    return Hints(
        kinds,
        decimal=given.decimal,
        thousands=given.thousands,
        date_format=given.date_format,
        markers=_markers(given.missing_markers, reference),
        mixed=frozenset(column for check, _, column in split if check == "mixed"),
    )


def _markers(given: Sequence[str], reference: Schema | None) -> tuple[str, ...]:
    """Return the markers beside those of every table: the caller's, and those of earlier."""
    earlier = reference.missing_markers if reference else ()
    added = (marker for marker in earlier if marker not in MISSING)
    return tuple(dict.fromkeys((*(marker.strip() for marker in given), *added)))
