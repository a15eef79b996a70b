import pandas as pd

from preprocess.reading.forms import look_like_numbers, matches, number_pattern

NUMBERS = ("$5", "-$ 1,200.5", "12 kg", "EUR 7", "7%", ".5", "1'000 m/s2", "Rs. 3", "US$4", "4 m^2")
OTHERS = ("5-6", "kg", "$", "12 kg 4", "7 # 8", "", "2024/01/05", "x5", "Q1")


def test_texts_of_ascii_are_read_as_among_others() -> None:
    texts = pd.Series([*NUMBERS, *OTHERS, None], dtype="str")
    among_others = pd.concat([texts, pd.Series(["5 µg"], dtype="str")])
    assert number_pattern(texts) != number_pattern(among_others)
    expected = [True] * len(NUMBERS) + [False] * (len(OTHERS) + 1)
    assert look_like_numbers(texts).tolist() == expected
    assert matches(among_others, number_pattern(among_others)).tolist() == [*expected, True]
