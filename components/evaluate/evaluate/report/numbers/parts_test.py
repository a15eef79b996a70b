import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from evaluate.inputs.dataset import Split
from evaluate.measure.predictions import Predictions
from evaluate.report.numbers.parts import importance, slices

FEATURES = pd.DataFrame(
    {
        "town": pd.array(["b", "a", "b", None], dtype="str"),
        "member": [True, False, True, True],
        "size": [1.0, 2.0, 3.0, 4.0],
    }
)
TRUTH = np.array([0.0, 0.0, 0.0, 0.0])
PREDICTIONS = Predictions(TRUTH, np.array([1.0, 2.0, 5.0, 7.0]))


def test_each_value_has_its_metrics() -> None:
    found = slices(PREDICTIONS, Split(FEATURES, TRUTH), ["town", "member"])["slices"]

    assert [(each["column"], each["value"], each["rows"]) for each in found] == [
        ("town", "b", 2),
        ("town", "a", 1),
        ("town", "missing", 1),
        ("member", "True", 3),
        ("member", "False", 1),
    ]
    assert [each["metrics"]["mae"] for each in found] == pytest.approx([3, 2, 7, 13 / 3, 2])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pd.Series(np.arange(40.0)), id="numbers"),
        pytest.param(pd.Series(pd.date_range("2020-01-01", periods=40)), id="dates"),
    ],
)
def test_many_numbers_are_quartered_and_every_row_is_in_one(values: pd.Series) -> None:
    split = Split(pd.DataFrame({"x": values}), np.zeros(40))
    predictions = Predictions(np.zeros(40), np.arange(40.0))

    found = slices(predictions, split, ["x"])["slices"]

    assert [each["rows"] for each in found] == [10, 10, 10, 10]
    assert [each["metrics"]["mae"] for each in found] == [4.5, 14.5, 24.5, 34.5]


def test_the_rows_of_one_slice_are_those_of_its_value() -> None:
    values = pd.Series([None, "b", "a", "b", None, "b"], dtype="str")
    truth = np.array([0.0, 1, 2, 3, 4, 5])
    split = Split(pd.DataFrame({"x": values}), truth)

    found = slices(Predictions(truth, truth + np.array([9.0, 1, 4, 1, 9, 1])), split, ["x"])[
        "slices"
    ]

    assert [(each["value"], each["metrics"]["mae"]) for each in found] == [
        ("b", 1),
        ("a", 4),
        ("missing", 9),
    ]


def test_a_slice_without_the_positive_class_has_no_recall_of_it() -> None:
    truth = np.array(["no", "no", "no", "yes"], dtype=object)
    predicted = np.array(["no", "yes", "no", "yes"], dtype=object)
    split = Split(pd.DataFrame({"x": ["a", "a", "b", "c"]}), truth)
    predictions = Predictions(truth, predicted, None, np.array(["no", "yes"], dtype=object))

    found = {each["value"]: each["metrics"] for each in slices(predictions, split, ["x"])["slices"]}

    names = ("precision", "recall", "f1")
    assert [found["a"].get(name) for name in names] == [0, None, None]
    assert [found["b"].get(name) for name in names] == [None, None, None]
    assert [found["c"].get(name) for name in names] == [1, 1, 1]


def test_a_slice_has_an_interval_of_its_main_metric() -> None:
    (whole,) = slices(PREDICTIONS, Split(FEATURES.assign(town="a"), TRUTH), ["town"])["slices"]

    assert 0 <= whole["low"] < whole["metrics"]["rmse"] < whole["high"]


def test_slices_are_bounded() -> None:
    split = Split(pd.DataFrame({"x": [f"v{row:02}" for row in range(70)]}), np.zeros(70))

    found = slices(Predictions(np.zeros(70), np.ones(70)), split, ["x"])

    assert (len(found["slices"]), found["slices_left_out"]) == (50, 20)


def test_the_column_that_the_model_uses_most_comes_first() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(3000, 3)), columns=["none", "little", "much"])
    target = (frame["little"] + 5 * frame["much"]).to_numpy()

    found = importance("regression", LinearRegression().fit(frame, target), Split(frame, target))

    assert [each["column"] for each in found] == ["much", "little", "none"]
    # Two independent standard normals differ by 2**0.5 on average in the square.
    assert found[0]["mean"] == pytest.approx(5 * 2**0.5, rel=0.05)
    assert found[2]["mean"] == pytest.approx(0.0, abs=1e-9)
