import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas import DataFrame

from preprocess.conftest import Outcome, Preprocess
from preprocess.reading.kinds import Kind
from preprocess.rows.split import count_test_rows, split
from preprocess.sketches.hashing import Hashes, combine, hash_column

RNG = np.random.default_rng(7)


def hash_rows(frame: DataFrame, kinds: dict[str, Kind]) -> Hashes:
    """Hash each row over the columns of `kinds`, in their order."""
    columns = {name: hash_column(frame[name], kind) for name, kind in kinds.items()}
    return combine(columns, len(frame))


ROWS = 20_000
WIDE = pa.table(
    {
        "n": np.arange(ROWS),
        "x": RNG.normal(size=ROWS),
        "c": RNG.choice(["red", "green", "blau é"], ROWS),
        "y": RNG.choice(["a", "b", "rare"], ROWS, p=[0.7, 0.299, 0.001]),
    }
)


def test_rows_of(outcome: Outcome) -> set[float]:
    return set(outcome.test["n"])


test_rows_of.__test__ = False  # type: ignore[attr-defined]  # a helper, though named as a test


def test_the_places_of_rows_are_the_same_for_ever() -> None:
    frame = pd.DataFrame(
        {
            "n": [1.5, float("nan")],
            "c": pd.Series(["é", None], dtype="str"),
            "b": pd.Series([True, None], dtype="boolean"),
            "d": pd.Series(["2024-01-31", None], dtype="datetime64[ms]"),
        }
    )
    kinds = {"n": Kind.NUMERIC, "c": Kind.CATEGORICAL, "b": Kind.BOOLEAN, "d": Kind.DATE}
    assert hash_rows(frame, kinds).tolist() == [
        12_591_389_415_719_800_715,
        17_378_421_835_837_259_936,
    ]


def test_the_split_is_near_to_the_fraction_in_every_class(preprocess: Preprocess) -> None:
    outcome = preprocess(WIDE, "--test-fraction", "0.3")
    counts = {each["label"]: (each["train"], each["test"]) for each in outcome.report["classes"]}
    totals = WIDE["y"].to_pandas().value_counts()
    assert counts.keys() == {"a", "b", "rare"}
    for label, (train, test) in counts.items():
        assert train + test == totals[label]
        assert abs(test - 0.3 * totals[label]) <= max(1, 0.03 * totals[label])
    assert outcome.test["y"].value_counts().to_dict() == {k: v[1] for k, v in counts.items()}


def test_the_split_does_not_depend_on_the_order_of_rows(preprocess: Preprocess) -> None:
    shuffled = WIDE.take(RNG.permutation(ROWS))
    assert test_rows_of(preprocess(WIDE)) == test_rows_of(preprocess(shuffled))


def test_a_row_stays_on_its_side_when_the_table_grows(preprocess: Preprocess) -> None:
    before = test_rows_of(preprocess(WIDE.slice(0, 15_000)))
    after = {n for n in test_rows_of(preprocess(WIDE)) if n < 15_000}
    # Only of the class of 20 rows, whose share is held, may one change its side.
    assert len(before) == pytest.approx(3000, rel=0.05)
    assert len(before ^ after) <= 2


def test_an_added_row_moves_at_most_one_other() -> None:
    places = np.random.default_rng(3).integers(0, 2**63, 60).astype(np.uint64)
    for rows in range(10, 59):
        before, after = (
            split(places[:n], np.zeros(n, int), 0.2, 42, ["all"]) for n in (rows, rows + 1)
        )
        assert np.count_nonzero(before != after[:rows]) <= 1


def test_a_small_class_is_split_as_asked_for_every_seed() -> None:
    places = np.random.default_rng(5).integers(0, 2**63, 10).astype(np.uint64)
    counts = {
        int(split(places, np.zeros(10, int), 0.2, seed, ["all"]).sum()) for seed in range(200)
    }
    assert counts == {1, 2, 3}


@pytest.mark.parametrize("fraction", ["0.001", "0.999"])
def test_neither_side_is_ever_empty(preprocess: Preprocess, fraction: str) -> None:
    outcome = preprocess({"n": range(6), "y": [*"aaabbb"]}, "--test-fraction", fraction)
    assert set(outcome.train["y"]) == set(outcome.test["y"]) == {"a", "b"}


def test_another_seed_is_another_split(preprocess: Preprocess) -> None:
    first, same, other = (
        test_rows_of(preprocess(WIDE, "--seed", seed)) for seed in ("42", "42", "43")
    )
    assert first == same
    # Of two independent draws of a fifth, a fifth is in both.
    assert len(first & other) / len(first) == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    "kind", [pa.int16(), pa.float64(), pa.string(), pa.decimal128(9, 2)], ids=str
)
def test_a_number_is_split_alike_whatever_type_the_file_has(
    preprocess: Preprocess, kind: pa.DataType
) -> None:
    n = pa.array(np.arange(1000, dtype=np.int16))
    y = ["a", "b", "b", "a", "b"] * 200
    plain = preprocess({"n": n, "y": y})
    assert test_rows_of(preprocess({"n": n.cast(kind), "y": y})) == test_rows_of(plain)


def test_the_target_does_not_decide_the_side(preprocess: Preprocess) -> None:
    table = {"n": [*range(500)] * 2, "y": [float(n) + 0.5 for n in range(1000)]}
    outcome = preprocess(table)
    assert set(outcome.train["n"]) & set(outcome.test["n"]) == set()
    assert len(outcome.test) == pytest.approx(200, abs=20)


def test_equal_features_alone_cannot_be_split(preprocess: Preprocess) -> None:
    outcome = preprocess({"n": [1] * 9, "y": [n + 0.5 for n in range(9)]})
    outcome.assert_failed("each of the 1 feature(s) is constant", lines=2)


@pytest.mark.parametrize(
    ("places", "count"),
    [
        pytest.param([0, 1, 2, 3, 4, 20, 21, 22, 23, 24], 3, id="no equal ones: the bound"),
        pytest.param([0, 1, 1, 1, 20, 21, 22, 23, 24, 25], 4, id="the near end above"),
        pytest.param([0, 1, 2, 2, 2, 2, 20, 21, 22, 23], 2, id="the near end below"),
        pytest.param([1, 1, 1, 1, 1, 1, 1, 1, 1, 30], 9, id="the only end"),
        pytest.param([1] * 10, 0, id="no end"),
    ],
)
def test_equal_places_stay_on_one_side(places: list[int], count: int) -> None:
    shares_of_32 = np.array(places, np.uint64) << np.uint64(59)
    assert count_test_rows(shares_of_32, 0.2) == count


def test_one_row_cannot_be_split(preprocess: Preprocess) -> None:
    preprocess({"n": [1], "y": [0.5]}).assert_failed("the table has 1 row")


def test_repeated_rows_are_dropped_and_counted(preprocess: Preprocess) -> None:
    table = {
        "n": ["1", "1.0", " 1", "1", "2", "3", "4", None, "?"],
        "c": ["é", "é", "é", "e", "x", "x", "x", "x", "x"],
        "y": ["a", "a", "a", "a", "b", "b", "a", "b", "b"],
    }
    outcome = preprocess(table, "--duplicates", "drop")
    assert outcome.report["rows"] == {
        "read": 9, "without_target": 0, "duplicates": 3, "train": 4, "test": 2,
    }  # fmt: skip
    assert "3 of 9 rows repeat another and are dropped" in outcome.err
    rows = outcome.rows.fillna({"n": -1.0}).sort_values(["n", "c"])
    assert rows["n"].tolist() == [-1.0, 1.0, 1.0, 2.0, 3.0, 4.0]
    assert rows["c"].tolist() == ["x", "e", "é", "x", "x", "x"]


def test_minus_zero_and_zero_are_one_number(preprocess: Preprocess) -> None:
    table = {"n": [0.0, -0.0, 1.0, 2.0, 3.0], "y": [*"aaabb"]}
    assert preprocess(table, "--duplicates", "drop").report["rows"]["duplicates"] == 1
