import pandas as pd
import pytest

from preprocess.reading.text_bytes import (
    holds_digits,
    holds_no_codes,
    is_ascii,
    only_bytes_between,
)


def texts(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param(["12", "007"], id="zeros before"),
        pytest.param(["00"], id="zeros alone"),
        pytest.param(["-01.5", "3"], id="behind a minus"),
        pytest.param(["1", "+00"], id="behind a plus"),
        pytest.param(["0", None, "05"], id="behind a missing one"),
        pytest.param(["1234567890123456"], id="many digits"),
    ],
)
def test_codes_are_seen(codes: list[str | None]) -> None:
    assert not holds_no_codes(texts(*codes))


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(["0", "7", "0", "0"], id="single digits side by side"),
        pytest.param(["10", "500"], id="zeros within and at the end"),
        pytest.param(["0.05", "-0.5", "+0", "-0"], id="zero before a point or alone"),
        pytest.param(["1", None, "0", None, "1"], id="missing ones between"),
        pytest.param([None, None], id="missing ones alone"),
        pytest.param(["123456789012345"], id="as many digits as a double holds"),
    ],
)
def test_plain_numbers_are_no_codes(numbers: list[str | None]) -> None:
    assert holds_no_codes(texts(*numbers))


def test_a_slice_is_looked_at_alone() -> None:
    column = texts("007", "1", "20", "03")
    assert holds_no_codes(column.iloc[1:3])
    assert not holds_no_codes(column.iloc[1:])
    assert only_bytes_between(texts("é", "1").iloc[1:], "!", ">")


@pytest.mark.parametrize(
    ("value", "plain"),
    [("-1.5", True), (" 1", False), ("1\t", False), ("?", False), ("1e3", False), ("é", False)],
)
def test_a_byte_beyond_the_range_is_seen(value: str, plain: bool) -> None:
    assert only_bytes_between(texts("1", None, value, "2"), "!", ">") is plain


def test_an_empty_text_is_not_a_missing_one() -> None:
    assert only_bytes_between(texts("1", None), "!", ">")
    assert not only_bytes_between(texts("1", None, ""), "!", ">")


def test_digits_and_letters_are_told_by_their_bytes() -> None:
    assert holds_digits(texts("north", None, "B7"))
    assert not holds_digits(texts("north", None, "/:"))
    assert is_ascii(texts("north", None, "7 kg"))
    assert not is_ascii(texts("north", "7 €"))
    assert is_ascii(texts())
    assert not holds_digits(texts(None))
