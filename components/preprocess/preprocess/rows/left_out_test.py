"""No row leaves in silence: what is left out is counted, and above 1 % needs consent."""

from typing import Any

import pyarrow as pa
import pytest

from preprocess.conftest import Preprocess

ROWS = 400
X = [f"{(n * 37) % 401 / 8}" for n in range(ROWS)]
# Two of five rows have the word.
CLASSES = ["None", "Apnea", "None", "Insomnia", "Apnea"] * (ROWS // 5)


@pytest.mark.parametrize("word", ["None", "NA", "nan", "null"])
def test_a_word_in_many_targets_is_a_class_or_missing(preprocess: Preprocess, word: str) -> None:
    labels = [label.replace("None", word) for label in CLASSES]
    table = {"x": X, "y": labels}
    preprocess(table).assert_failed(
        f"'y' is '{word}' in 160 of 400 rows",
        f"""--allowed-checks '["class:{word}"]'""",
        f"""--missing-markers '["{word}"]'""",
    )
    kept = preprocess(table, "--allowed-checks", f'["class:{word}"]')
    assert kept.schema["target"]["classes"] == sorted({*labels})
    assert len(kept.rows) == ROWS
    missing = preprocess(table, "--missing-markers", f'["{word}"]')
    assert missing.schema["target"]["classes"] == ["Apnea", "Insomnia"]
    assert missing.report["rows"]["without_target"] == 160


def test_a_word_of_two_classes_is_named_too(preprocess: Preprocess) -> None:
    table = {"x": X, "y": ["None", "Some"] * 200}
    preprocess(table).assert_failed("'y' is 'None' in 200 of 400 rows")


@pytest.mark.parametrize(
    ("missing", "refused"), [pytest.param(4, False, id="1 %"), pytest.param(5, True, id="more")]
)
def test_rows_without_a_target_need_consent(
    preprocess: Preprocess, missing: int, refused: bool
) -> None:
    labels: list[Any] = ["a", "b", "b", "a"] * 100
    labels[7 : 7 + missing] = [None] * missing
    outcome = preprocess({"x": X, "y": labels})
    if refused:
        outcome.assert_failed(
            "5 of 400 rows have no value in the target 'y', such as row 9, row 10, row 11",
            """--allowed-checks '["without_target"]'""",
        )
    else:
        assert outcome.checks == [
            {
                "check": "without_target", "severity": "info", "rows": 4, "share": 0.01,
                "examples": ["row 9", "row 10", "row 11"],
            }
        ]  # fmt: skip


SURVEY = {
    "sex": ["f", "m", "m", "f", "m"] * 80,
    "age": ["child", "adult"] * 200,
    "y": (["no", "yes", "no", "yes"] * 100)[:-1] + ["no"],
}


def test_the_rows_of_a_survey_are_kept(preprocess: Preprocess) -> None:
    outcome = preprocess(SURVEY)
    assert outcome.report["rows"]["duplicates"] == 0
    assert len(outcome.rows) == ROWS
    assert "rows repeat another and are kept" in outcome.err


def test_equal_rows_are_on_one_side(preprocess: Preprocess) -> None:
    numbers = [f"{n % 91}" for n in range(ROWS)]
    outcome = preprocess({"x": numbers, "y": ["a", "b", "c", "b", "a"] * 80})
    sides = [set(side.itertuples(index=False, name=None)) for side in (outcome.train, outcome.test)]
    assert len(outcome.rows) == ROWS
    assert sides[0] & sides[1] == set()


def test_the_rows_of_a_survey_of_few_questions_are_split_one_by_one(preprocess: Preprocess) -> None:
    ages = [("child", "adult", "adult")[n % 3] for n in range(ROWS)]
    outcome = preprocess({"age": ages, "y": [("yes", "no")[n % 7 > 2] for n in range(ROWS)]})
    sides = [set(side.itertuples(index=False, name=None)) for side in (outcome.train, outcome.test)]
    # All four answers are on both sides.
    assert len(sides[0]) == len(sides[1]) == 4
    assert len(outcome.test) == pytest.approx(ROWS / 5, abs=12)


def test_a_class_of_equal_rows_is_as_large_as_they_are_many(preprocess: Preprocess) -> None:
    ages = ["child" if n % 4 else "adult" for n in range(ROWS)]
    outcome = preprocess({"age": ages, "y": ["free" if n % 4 else "full" for n in range(ROWS)]})
    assert outcome.code == 0, outcome.err
    assert [each["check"] for each in outcome.checks if each["check"] == "rare_class"] == []


def test_a_repeated_row_of_a_table_with_a_key_is_dropped(preprocess: Preprocess) -> None:
    table = {"id": [str(1000 + n) for n in range(ROWS)], "x": X, "y": CLASSES}
    table["y"] = [label.replace("None", "Other") for label in CLASSES]
    twice = {name: [*values, *values[:3]] for name, values in table.items()}
    outcome = preprocess(twice)
    assert outcome.report["rows"]["duplicates"] == 3
    assert outcome.checks[-1]["examples"] == ["row 402", "row 403", "row 404"]
    assert len(preprocess(twice, "--duplicates", "keep").rows) == ROWS + 3
    assert len(preprocess(twice, "--ignore-columns", '["id"]').rows) == ROWS + 3


def test_many_repeated_rows_of_a_table_with_a_key_need_a_word(preprocess: Preprocess) -> None:
    labels = ["a", "b", "b", "a"] * 100
    table = {"id": [str(1000 + n) for n in range(ROWS)], "x": X, "y": labels}
    twice = {name: [*values, *values[:9]] for name, values in table.items()}
    outcome = preprocess(twice)
    assert outcome.code == 1
    assert "9 of 409 rows repeat another and are dropped" in outcome.err
    assert "--duplicates keep" in outcome.err
    assert len(preprocess(twice, "--duplicates", "drop").rows) == ROWS


@pytest.mark.parametrize(
    "kind", [pytest.param(pa.int64(), id="integers"), pytest.param(pa.float64(), id="doubles")]
)
def test_a_marker_of_a_typed_target_is_consent(preprocess: Preprocess, kind: pa.DataType) -> None:
    target = pa.array([-999 if n % 8 == 3 else n for n in range(ROWS)], kind)
    outcome = preprocess({"x": X, "y": target}, "--missing-markers", '["-999", "-999.0"]')
    assert outcome.code == 0, outcome.err
    assert outcome.report["rows"]["without_target"] == 50
    holes = pa.array([None if n % 8 == 3 else n for n in range(ROWS)], kind)
    preprocess({"x": X, "y": holes}, "--missing-markers", '["-999"]').assert_failed(
        "50 of 400 rows have no value in the target 'y'"
    )
