"""The schema of a preprocessed table, with which later tables are compared."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pinion_step.errors import StepError, reason
from preprocess.reading.kinds import Kind
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.table import Dataset
from preprocess.reading.target import TargetType, Task

VERSION = 1
# Longer lists of categories say nothing to a reader and blow up the file.
MOST_CATEGORIES = 1000

Label = int | str


@dataclass(frozen=True)
class Feature:
    """One feature column. `minimum` and `maximum` are numbers, or dates as ISO 8601 text."""

    name: str
    kind: Kind
    missing: int
    minimum: float | str | None = None
    maximum: float | str | None = None
    distinct: int | None = None
    categories: tuple[str, ...] | None = None
    reading: Reading = PLAIN
    # Whether the dataset holds numbers, dates or booleans rather than text.
    is_typed: bool = False


@dataclass(frozen=True)
class Target:
    """The target column: its classes in a classification, its range in a regression.

    Only one of two classes can be the positive one.
    """

    name: str
    type: TargetType
    classes: tuple[Label, ...] | None = None
    positive_class: Label | None = None
    minimum: float | str | None = None
    maximum: float | str | None = None
    reading: Reading = PLAIN


@dataclass(frozen=True)
class Schema:
    """A whole table, the features in the order of its columns.

    `missing_markers` are the texts that are missing in every feature.
    """

    task: Task
    target: Target
    features: tuple[Feature, ...]
    missing_markers: tuple[str, ...] = ()

    def of(self, dataset: Dataset) -> "Schema":
        """Return the schema with what the dataset alone knows."""
        features = (replace(each, is_typed=each.name in dataset.typed) for each in self.features)
        return replace(self, features=tuple(features), missing_markers=dataset.missing)


def to_document(schema: Schema) -> dict[str, Any]:
    """Return the schema as what is written to JSON."""
    target = schema.target
    return {
        "schema_version": VERSION,
        "task": schema.task.value,
        "target": _without_none(
            {
                "name": target.name,
                "type": target.type.value,
                "classes": target.classes,
                "positive_class": target.positive_class,
                "min": target.minimum,
                "max": target.maximum,
                "reading": target.reading.document(),
            }
        ),
        "missing_markers": list(schema.missing_markers),
        "features": [_feature_document(feature) for feature in schema.features],
    }


def _feature_document(feature: Feature) -> dict[str, Any]:
    return _without_none(
        {
            "name": feature.name,
            "kind": feature.kind.value,
            "missing": feature.missing,
            "min": feature.minimum,
            "max": feature.maximum,
            "distinct": feature.distinct,
            "categories": feature.categories,
            "reading": feature.reading.document(),
            "typed": feature.is_typed or None,
        }
    )


def read_schema(path: Path) -> Schema:
    """Read a schema that this step wrote earlier.

    Raises `StepError` if the file is not a schema.
    """
    try:
        return from_document(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise StepError(f"--reference-schema: {reason(error)}; check the path") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"{error} is missing" if isinstance(error, KeyError) else reason(error)
        raise StepError(
            f"--reference-schema: {path}: preprocess did not write this file ({detail}); give"
            " an earlier output of --schema"
        ) from None


def from_document(document: dict[str, Any]) -> Schema:
    """Parse the JSON of a schema; raises KeyError, TypeError or ValueError if it is not one."""
    if document["schema_version"] != VERSION:
        raise ValueError(f"schema_version {document['schema_version']!r}, not {VERSION}")
    target = document["target"]
    return Schema(
        Task(document["task"]),
        Target(
            name=target["name"],
            type=TargetType(target["type"]),
            classes=_optional_tuple(target.get("classes")),
            positive_class=target.get("positive_class"),
            minimum=target.get("min"),
            maximum=target.get("max"),
            reading=Reading.from_document(target.get("reading")),
        ),
        tuple(_feature(feature) for feature in document["features"]),
        tuple(map(str, document.get("missing_markers", ()))),
    )


def _feature(document: dict[str, Any]) -> Feature:
    return Feature(
        name=document["name"],
        kind=Kind(document["kind"]),
        missing=document["missing"],
        minimum=document.get("min"),
        maximum=document.get("max"),
        distinct=document.get("distinct"),
        categories=_optional_tuple(document.get("categories")),
        reading=Reading.from_document(document.get("reading")),
        is_typed=bool(document.get("typed")),
    )


def _optional_tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _without_none(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}
