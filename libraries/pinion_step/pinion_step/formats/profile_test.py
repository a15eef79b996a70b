import json
from pathlib import Path
from typing import Any

import pytest

from pinion_step.errors import StepError
from pinion_step.formats.profile import (
    Category,
    Measure,
    Profile,
    Text,
    from_json,
    read_profile,
    to_json,
)

PRICES = Measure("number", 569, 3, 14.1, 3.5, tuple(number / 8 for number in range(201)))
NEVER = Measure("date", 569, 569, None, None, ())
CITIES = Category("category", 569, 0, 130, {"Köln": 120, "Bonn": 432}, 17)
PROFILE = Profile(
    "ab" * 32,
    "cd" * 32,
    569,
    "city",
    "classification",
    {"price": PRICES, "seen": NEVER, "city": CITIES, "note": Text(569, 7)},
)


def document(**changed: Any) -> dict[str, Any]:
    return json.loads(to_json(PROFILE)) | changed


def with_price(**changed: Any) -> dict[str, Any]:
    whole = document()
    whole["columns"]["price"] |= changed
    return whole


def test_a_profile_is_read_as_it_was_written() -> None:
    assert from_json(to_json(PROFILE)) == PROFILE


def test_the_document_is_as_other_programs_read_it() -> None:
    written = document()
    assert written | {"columns": {}} == {
        "format": 1,
        "dataset": "ab" * 32,
        "parameters": "cd" * 32,
        "rows": 569,
        "target": "city",
        "task": "classification",
        "columns": {},
    }
    assert written["columns"]["note"] == {"kind": "text", "rows": 569, "missing": 7}
    assert written["columns"]["city"] == {
        "kind": "category",
        "rows": 569,
        "missing": 0,
        "distinct": 130,
        "frequencies": {"Bonn": 432, "Köln": 120},
        "other": 17,
    }
    assert written["columns"]["seen"] == {
        "kind": "date",
        "rows": 569,
        "missing": 569,
        "mean": None,
        "std": None,
        "quantiles": [],
    }


def test_the_order_of_columns_and_categories_does_not_count() -> None:
    turned = Category("category", 569, 0, 130, {"Bonn": 432, "Köln": 120}, 17)
    columns: dict[str, Measure | Category | Text] = {
        "note": Text(569, 7),
        "city": turned,
        "seen": NEVER,
        "price": PRICES,
    }
    other = Profile("ab" * 32, "cd" * 32, 569, "city", "classification", columns)
    assert to_json(other) == to_json(PROFILE)


def test_keys_of_a_later_version_are_left_out() -> None:
    assert from_json(json.dumps(with_price(skew=0.5) | {"by": "preprocess"})) == PROFILE


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param([], "the profile is not an object", id="a list"),
        pytest.param({"rows": 3}, "format is None, not 1", id="another document"),
        pytest.param(document(format=2), "format is 2, not 1", id="a later format"),
        pytest.param(document(rows="569"), "rows is '569', not a count", id="rows in text"),
        pytest.param(document(rows=-1), "rows is -1, not a count", id="fewer than no rows"),
        pytest.param(document(dataset=None), "dataset is None, not a text", id="no dataset"),
        pytest.param(
            document(target="zip"), "the target 'zip' is not among the columns", id="no target"
        ),
        pytest.param(
            with_price(kind="blob"), "the column 'price': kind is 'blob'", id="an unknown kind"
        ),
        pytest.param(
            with_price(mean="high"), "'price': mean is 'high', not a number", id="mean in text"
        ),
        pytest.param(with_price(std=float("nan")), "NaN is not JSON", id="not a number"),
        pytest.param(with_price(missing=True), "missing is True, not a count", id="a boolean"),
        pytest.param(
            with_price(quantiles=[1.0, 2.0]), "not a list of 201 numbers or of none", id="too few"
        ),
        pytest.param(
            with_price(quantiles=[3.0, *[2.0] * 200]), "are not numbers that rise", id="falling"
        ),
    ],
)
def test_what_is_not_a_profile_is_named(tmp_path: Path, given: object, problem: str) -> None:
    path = tmp_path / "profile"
    path.write_text(json.dumps(given))
    with pytest.raises(StepError) as failed:
        read_profile(path, "--profile")
    line = str(failed.value)
    assert line.startswith(f"--profile {path}: not a profile (")
    assert problem in line
    assert line.endswith("; give the profile that preprocess wrote")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="No such file") as failed:
        read_profile(tmp_path / "nowhere", "--profile")
    assert str(failed.value).startswith(f"--profile {tmp_path / 'nowhere'}: ")
