import pandas as pd
import pytest

from pinion_step.errors import StepError
from preprocess.clean import MISSING, clean


def test_names_and_text_lose_the_white_space_around_them() -> None:
    frame = clean(pd.DataFrame({" income class\t": pd.Series([" >50K ", "a b"], dtype="str")}))
    assert frame.to_dict("list") == {"income class": [">50K", "a b"]}


@pytest.mark.parametrize("marker", [*MISSING, " ? ", "  "])
def test_what_stands_for_a_missing_value_is_missing(marker: str) -> None:
    frame = clean(pd.DataFrame({"a": pd.Series(["x", marker], dtype="str")}))
    assert frame["a"].isna().tolist() == [False, True]


@pytest.mark.parametrize("text", ["-", "no", "NAN x", "0", "none of these", "."])
def test_other_text_is_a_value(text: str) -> None:
    assert clean(pd.DataFrame({"a": pd.Series([text], dtype="str")}))["a"].tolist() == [text]


def test_an_infinite_number_is_missing() -> None:
    frame = clean(pd.DataFrame({"a": [1.5, float("inf"), float("-inf"), float("nan")]}))
    assert frame["a"].isna().tolist() == [False, True, True, True]


def test_names_that_become_one_are_refused() -> None:
    with pytest.raises(StepError, match="2 columns are named 'x'"):
        clean(pd.DataFrame({"x": [1.0], "a": [2.0], " x": [3.0]}))


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(StepError, match="column 2 of 2 has no name"):
        clean(pd.DataFrame({"x": [1.0], " ": [3.0]}))
