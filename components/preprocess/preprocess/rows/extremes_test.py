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
