"""Limits of models are said before a fit."""

from typing import Any

import pyarrow as pa
import pytest

from preprocess.conftest import Outcome, Preprocess

ROWS = 1200
N = [f"{(n * 37) % 1201 / 8}" for n in range(ROWS)]
LABELS = ["a", "b", "b", "a", "b"] * (ROWS // 5)


def warned(outcome: Outcome, check: str) -> list[str]:
    """Return the warnings of a check in the log."""
    assert outcome.code == 0, outcome.err
    lines = [line for line in outcome.err.splitlines() if line.startswith("preprocess: warning: ")]
    words = {"many_categories": " categories", "many_classes": "classes;", "alike_classes": "alike"}
    return [line for line in lines if words[check] in line]


@pytest.mark.parametrize(("distinct", "found"), [(255, False), (256, True), (400, True)])
def test_more_categories_than_the_default_model_has_codes_for(
    preprocess: Preprocess, distinct: int, found: bool
) -> None:
    cities = [f"city {n * 7 % distinct}" for n in range(ROWS)]
    said = warned(preprocess({"city": cities, "n": N, "y": LABELS}), "many_categories")
    assert [f"column 'city' has {distinct} categories" in line for line in said] == [True] * found
    assert all("the 254 most frequent" in line for line in said)
    assert all("""--ignore-columns '["city"]'""" in line for line in said)


def test_categories_of_one_row_each_are_said(preprocess: Preprocess) -> None:
    for distinct, found in ((41, True), (40, False), (56, True)):
        cities = [f"city {n % distinct}" for n in range(60)]
        said = warned(
            preprocess({"city": cities, "n": N[:60], "y": LABELS[:60]}), "many_categories"
        )
        assert [f"'city' has {distinct} categories in 60 rows; most have" in x for x in said] == [
            True
        ] * found
        assert all("""leave the column out with --ignore-columns '["city"]'""" in x for x in said)


def test_an_id_is_said_once(preprocess: Preprocess) -> None:
    outcome = preprocess({"id": [f"x{n}" for n in range(ROWS)], "n": N, "y": LABELS})
    assert warned(outcome, "many_categories") == []
    assert "column 'id' looks like an id" in outcome.err


def test_a_warning_may_be_allowed(preprocess: Preprocess) -> None:
    cities = [f"city {n * 7 % 301}" for n in range(ROWS)]
    table = {"city": cities, "n": N, "y": LABELS}
    assert preprocess(table, '--allowed-checks=["many_categories:city"]').err == ""


@pytest.mark.parametrize(
    ("labels", "advice"),
    [
        pytest.param(
            pa.array([n % 100 for n in range(ROWS)]), "give --task regression", id="numbers"
        ),
        pytest.param([f"kind {n % 100}" for n in range(ROWS)], "group the rare ones", id="text"),
    ],
)
def test_hundreds_of_classes_are_said_with_their_price(
    preprocess: Preprocess, labels: Any, advice: str
) -> None:
    outcome = preprocess({"n": N, "y": labels}, "--task", "classification")
    (line,) = warned(outcome, "many_classes")
    assert "'y' has 100 classes; boosting, the default" in line
    assert "about 100 times as long" in line
    assert advice in line


def test_few_classes_and_numbers_are_not_many(preprocess: Preprocess) -> None:
    assert preprocess({"n": N, "y": [f"kind {n % 99}" for n in range(ROWS)]}).err == ""
    numbers = pa.array([n * 7 % 500 for n in range(ROWS)])
    assert preprocess({"n": N, "y": numbers}, "--task", "regression").err == ""


def test_classes_that_differ_in_case_only_are_named(preprocess: Preprocess) -> None:
    labels = ["Yes", "no", "yes", "No way", "no way", "no"] * (ROWS // 6)
    outcome = preprocess({"n": N, "y": labels})
    (line,) = warned(outcome, "alike_classes")
    assert "classes of 'y' differ in case or white space only: 'No way', 'no way', and 1 more" in (
        line
    )
    assert len(outcome.schema["target"]["classes"]) == 5
