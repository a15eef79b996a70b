from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from train.data.schema import Feature, Schema, parse_schema

DOCUMENT: dict[str, Any] = {
    "schema_version": 1,
    "task": "regression",
    "target": {"name": "price", "type": "double", "min": 1.0, "max": 2.0},
    "features": [
        {"name": "work class", "kind": "categorical", "missing": 3, "distinct": 8},
        {"name": "age", "kind": "numeric", "missing": "?", "min": 17.0, "max": 90.0},
        {"name": "größe", "kind": "numeric"},
    ],
}


def test_a_schema_keeps_the_order_of_the_columns() -> None:
    schema = parse_schema(DOCUMENT)
    assert schema == Schema(
        task="regression",
        target="price",
        target_type="double",
        features=(
            Feature("work class", "categorical", distinct=8),
            Feature("age", "numeric"),
            Feature("größe", "numeric"),
        ),
    )
    assert schema.names("numeric") == ["age", "größe"]
    assert schema.names("date") == []


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        pytest.param(
            ["schema_version"],
            2,
            "schema_version is 2, but this version of train reads 1",
            id="newer",
        ),
        pytest.param(["task"], "ranking", "task must be one of classification, ", id="task"),
        pytest.param(["task"], ["regression"], "task must be one of", id="task-list"),
        pytest.param(["target"], "price", "target must be a JSON object, got 'price'", id="target"),
        pytest.param(["target", "name"], 7, "target.name must be a column name, got 7", id="name"),
        pytest.param(["target", "type"], "string", "target.type of a regression", id="type"),
        pytest.param(["target", "name"], "age", "the target 'age' is also listed", id="both"),
        pytest.param(["target", "positive_class"], True, "must be a class, got True", id="class"),
        pytest.param(["features"], [], "a list of at least one column, got []", id="none"),
        pytest.param(["features", 1], None, "features[1] must be a JSON object", id="null"),
        pytest.param(["features", 1, "kind"], "text", "kind of 'age' must be one of", id="kind"),
        pytest.param(["features", 1, "name"], "größe", "'größe' more than once", id="twice"),
    ],
)
def test_what_is_wrong_in_a_schema_is_named(path: list[Any], value: object, complaint: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse_schema(document)
