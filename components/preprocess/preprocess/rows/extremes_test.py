"""Numbers beyond what estimators hold are named before a fit."""

import pyarrow as pa
import pytest

from preprocess.conftest import Preprocess

ROWS = 40
X = [f"{(n * 37) % 41 / 8}" for n in range(ROWS)]
LABELS = ["a", "b", "b", "a"] * (ROWS // 4)


@pytest.mark.parametrize("value", ["1e39", "1e200", "-1.7976931348623157e308"])
def test_a_huge_feature_is_named_with_its_row(preprocess: Preprocess, value: str) -> None:
    column = [*X[:3], value, *X[4:]]
    preprocess({"a": column, "y": LABELS}).assert_failed(
        "column 'a' has 1 number(s) beyond 3.4e38",
        f"{value} in row 5 (the header is row 1)",
        f"""--missing-markers '["{value}"]'""",
        "logarithm",
        """--allowed-checks '["huge_number:a"]'""",
    )


@pytest.mark.parametrize("value", ["1e160", "1e300"])
def test_a_huge_target_is_named_with_its_row(preprocess: Preprocess, value: str) -> None:
    target = [*(f"{n / 3:.4f}" for n in range(ROWS - 1)), value]
    preprocess({"a": X, "r": target}, target="r").assert_failed(
        "column 'r' has 1 number(s) beyond 3.4e38", f"{value} in row 41"
    )


def test_a_huge_feature_may_be_allowed(preprocess: Preprocess) -> None:
    table = {"a": [*X[:3], "1e39", *X[4:]], "y": LABELS}
    outcome = preprocess(table, "--allowed-checks", '["huge_number:a"]')
    assert outcome.features["a"]["max"] == 1e39


def test_a_huge_label_is_a_label(preprocess: Preprocess) -> None:
    table = {"a": X, "y": ["1e300", "0e300"] * (ROWS // 2)}
    outcome = preprocess(table, "--task", "classification")
    assert outcome.schema["target"]["classes"] == ["0e300", "1e300"]


def test_integers_that_a_double_merges_are_a_warning(preprocess: Preprocess) -> None:
    numbers = [*range(ROWS - 2), 2**53 + 1, -(2**60)]
    outcome = preprocess({"a": pa.array(numbers, pa.int64()), "b": X, "y": LABELS})
    assert "column 'a' has 1 whole number(s) beyond 2^53" in outcome.err
    assert outcome.features["a"]["min"] == -(2.0**60)


@pytest.mark.parametrize(
    ("written", "huge", "lines"),
    [
        pytest.param("${}", "$1e39", 2, id="a currency"),
        pytest.param("{} kg", "-1e200 kg", 2, id="a unit"),
        pytest.param("{}", "1e400", 1, id="more than a double holds"),
        pytest.param("{}%", "1e999%", 2, id="more, with a sign"),
    ],
)
def test_a_huge_number_is_found_however_it_is_written(
    preprocess: Preprocess, written: str, huge: str, lines: int
) -> None:
    column = [written.format(value) for value in X]
    column[7] = column[30] = huge
    table = {"a": column, "y": LABELS}
    preprocess(table).assert_failed(
        "column 'a' has 2 number(s) beyond 3.4e38",
        f"{huge} in row 9, {huge} in row 32 (the header is row 1)",
        lines=lines,
    )
    assert preprocess(table, f'--missing-markers=["{huge}"]').features["a"]["missing"] == 2


def test_a_huge_number_beside_further_markers_is_found(preprocess: Preprocess) -> None:
    column = ["-", *X[1:-1], "1e39"]
    outcome = preprocess({"a": column, "y": LABELS})
    outcome.assert_failed("has 1 number(s) beyond 3.4e38", "1e39 in row 41", lines=2)


def test_a_huge_target_in_another_form_is_found(preprocess: Preprocess) -> None:
    target = [*(f"${n / 3:.2f}" for n in range(ROWS - 1)), "$1e300"]
    preprocess({"a": X, "r": target}, target="r").assert_failed(
        "column 'r' has 1 number(s) beyond 3.4e38", "$1e300 in row 41", lines=2
    )


@pytest.mark.parametrize("word", ["-nan", "inf", "-Inf", "+Infinity"])
def test_a_word_that_is_no_number_is_missing_and_said(preprocess: Preprocess, word: str) -> None:
    outcome = preprocess({"a": [*X[:3], word, *X[4:]], "y": LABELS})
    assert (outcome.features["a"]["kind"], outcome.features["a"]["missing"]) == ("numeric", 1)
    assert outcome.features["a"]["reading"] == {"markers": [word]}
    assert f'a: read as numbers; "{word}" missing in 1 of 40\n' in outcome.err


def test_infinite_numbers_of_a_typed_column_are_said(preprocess: Preprocess) -> None:
    numbers = [float("inf"), float("-inf"), float("nan"), *map(float, X[3:])]
    outcome = preprocess({"a": numbers, "b": X, "y": LABELS})
    assert "warning: column 'a': 2 infinite number(s) are read as missing\n" in outcome.err
    assert outcome.features["a"]["missing"] == 3
