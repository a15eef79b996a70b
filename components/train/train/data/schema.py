"""The schema document that `preprocess` writes, parsed once at the edge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinion_step.errors import StepError
from pinion_step.reading.readings import PLAIN, Reading

SCHEMA_VERSION = 1
TASKS = ("classification", "regression")
KINDS = ("numeric", "categorical", "boolean", "date")
TARGET_TYPES = {"classification": ("integer", "string"), "regression": ("double",)}


@dataclass(frozen=True)
class Feature:
    """A column that the model reads; `distinct` counts the values of a categorical one.

    `is_typed` is whether the dataset holds its values in a type of their own rather than as text.
    """

    name: str
    kind: str
    distinct: int = 0
    reading: Reading = PLAIN
    is_typed: bool = False


@dataclass(frozen=True)
class Schema:
    """The task, the target and the features in the order of the file.

    Only one of two classes can be the positive one. Schemas of earlier releases do not have it.
    """

    task: str
    target: str
    target_type: str
    features: tuple[Feature, ...]
    positive_class: int | str | None = None

    @property
    def judged(self) -> dict[str, Any]:
        """The task, the target and the positive class, which a model is judged by."""
        positive = {} if self.positive_class is None else {"positive_class": self.positive_class}
        return {"task": self.task, "target": self.target, **positive}

    def names(self, kind: str) -> list[str]:
        """Return the features of one kind, in the order of the file."""
        return [feature.name for feature in self.features if feature.kind == kind]


def read_schema(path: Path) -> Schema:
    """Read a schema file; raises `StepError` that names the file and the first mistake in it."""
    if not path.is_file():
        raise StepError(f"--schema {path} is not a file; give the schema that preprocess wrote")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StepError(
            f"--schema {path} is not JSON ({error}); give the schema that preprocess wrote"
        ) from error
    try:
        return parse_schema(document)
    except ValueError as error:
        raise StepError(
            f"--schema {path}: {error}; give the schema that preprocess wrote"
        ) from error


def parse_schema(document: object) -> Schema:
    """Check a decoded schema; raises ValueError that names the key and its value."""
    top = _mapping(document, "the schema")
    version = top.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"schema_version is {version!r}, but this version of train reads {SCHEMA_VERSION}"
        )
    task = _one_of(top.get("task"), TASKS, "task")
    target = _mapping(top.get("target"), "target")
    name = _name(target.get("name"), "target.name")
    target_type = _one_of(target.get("type"), TARGET_TYPES[task], f"target.type of a {task}")
    features = _features(top.get("features"))
    if name in {feature.name for feature in features}:
        raise ValueError(f"the target {name!r} is also listed as a feature")
    return Schema(task, name, target_type, features, _label(target.get("positive_class")))


def _features(value: object) -> tuple[Feature, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"features must be a list of at least one column, got {value!r:.80}")
    features = tuple(_feature(item, index) for index, item in enumerate(value))
    ((name, count),) = Counter(feature.name for feature in features).most_common(1)
    if count > 1:
        raise ValueError(f"features lists {name!r} more than once")
    return features


def _feature(value: object, index: int) -> Feature:
    item = _mapping(value, f"features[{index}]")
    name = _name(item.get("name"), f"features[{index}].name")
    kind = _one_of(item.get("kind"), KINDS, f"kind of {name!r}")
    distinct = item.get("distinct", 0) if kind == "categorical" else 0
    # It only serves to estimate the memory, so a wrong value does no harm.
    distinct = distinct if isinstance(distinct, int) else 0
    return Feature(name, kind, distinct, _reading(item, name), bool(item.get("typed")))


def _reading(item: Mapping[str, Any], name: str) -> Reading:
    try:
        return Reading.from_document(item.get("reading"))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the reading of {name!r} is not one that preprocess wrote: {error}"
        ) from error


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object, got {value!r:.80}")
    return value


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} must be a column name, got {value!r:.80}")
    return value


def _label(value: object) -> int | str | None:
    if isinstance(value, bool) or not isinstance(value, int | str | None):
        raise ValueError(f"target.positive_class must be a class, got {value!r:.80}")
    return value


def _one_of(value: object, known: tuple[str, ...], what: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)}, got {value!r:.80}")
    return value
