"""The profile of a table: what it says of columns of every kind, and what it does not depend on."""

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pinion_step.formats.profile import Measure
from preprocess.conftest import Outcome, Preprocess
from preprocess.reading import table as reading
from preprocess.reading.kinds import Kind
from preprocess.sketches.table_statistics import TableStatistics

ROWS = 400
DAY = 86_400


def asymmetric() -> dict[str, list[Any]]:
    """Return a column of each kind; the first row has no target."""
    places = range(ROWS)
    cities = [f"city {min(place // 3, 120)}" for place in places]
    return {
        "square": [None if place % 8 == 0 else place**2 for place in places],
        "seen": [f"2024-01-{1 + place % 4:02}" if place % 100 else None for place in places],
        "city": [None if place < 5 else cities[place] for place in places],
        "ok": [("yes" if place % 4 else "no") if place > 9 else None for place in places],
        "note": [f"note {place}" for place in places],
        "same": ["0.1"] * ROWS,
        "y": [None, *["rare"] * 30, *["common"] * (ROWS - 31)],
    }


ALLOWED = ("--allowed-checks", '["id_like", "target_leak", "constant", "without_target"]')


@pytest.fixture()
def outcome(preprocess: Preprocess) -> Outcome:
    """Return the outcome of the table above, of which the first row has no target."""
    found = preprocess(asymmetric(), *ALLOWED)
    assert found.code == 0, found.err
    return found


def test_a_column_of_each_kind_is_described(outcome: Outcome) -> None:
    profile = outcome.profile
    columns = profile["columns"]
    assert {name: (each["kind"], each["missing"]) for name, each in columns.items()} == {
        "square": ("number", 49),
        "seen": ("date", 3),
        "city": ("category", 4),
        "ok": ("boolean", 9),
        "note": ("text", 0),
        "same": ("number", 0),
        "y": ("category", 0),
    }
    assert {each["rows"] for each in columns.values()} == {profile["rows"]} == {ROWS - 1}
    assert (profile["target"], profile["task"], profile["format"]) == ("y", "classification", 1)
    assert columns["note"] == {"kind": "text", "rows": 399, "missing": 0}


def test_numbers_have_the_quantiles_that_sorting_gives(outcome: Outcome) -> None:
    square = outcome.profile["columns"]["square"]
    values = np.array([place**2 for place in range(ROWS) if place % 8], dtype=float)
    assert square["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert square["std"] == pytest.approx(values.std(), rel=1e-12)
    assert square["quantiles"] == [
        next(value for number, value in enumerate(values, 1) if 200 * number >= step * len(values))
        for step in range(201)
    ]
    # 350 values: the 175th and, beyond 348.25, the 349th.
    assert square["quantiles"][100] == 199**2
    assert square["quantiles"][199] == 398**2


def test_dates_are_seconds(outcome: Outcome) -> None:
    seen = outcome.profile["columns"]["seen"]
    first = 1_704_067_200.0
    assert (seen["quantiles"][0], seen["quantiles"][-1]) == (first, first + 3 * DAY)
    # The first of January is missing in 3 of its 99 rows: 96, and thrice 100.
    assert seen["mean"] == pytest.approx(first + DAY * 600 / 396)
    assert seen["quantiles"][48:50] == [first, first + DAY]


def test_the_most_common_categories_are_named(outcome: Outcome) -> None:
    columns = outcome.profile["columns"]
    city = columns["city"]
    assert (city["distinct"], len(city["frequencies"]), city["other"]) == (120, 100, 58)
    assert sum(city["frequencies"].values()) + city["other"] == 395
    # The last city has 40 rows, the first 1, and the others 3, of which the alphabet decides.
    assert city["frequencies"]["city 120"] == 40
    assert "city 1" not in city["frequencies"]
    assert "city 99" not in city["frequencies"]
    assert city["frequencies"]["city 10"] == 3
    assert columns["ok"] == {
        "kind": "boolean",
        "rows": 399,
        "missing": 9,
        "distinct": 2,
        "frequencies": {"true": 293, "false": 97},
        "other": 0,
    }


def test_the_target_is_among_the_columns(outcome: Outcome) -> None:
    assert outcome.profile["columns"]["y"] == {
        "kind": "category",
        "rows": 399,
        "missing": 0,
        "distinct": 2,
        "frequencies": {"rare": 30, "common": 369},
        "other": 0,
    }


def test_a_constant_column_does_not_vary(outcome: Outcome) -> None:
    assert outcome.profile["columns"]["same"] == {
        "kind": "number",
        "rows": 399,
        "missing": 0,
        "mean": 0.1,
        "std": 0.0,
        "quantiles": [0.1] * 201,
    }


def test_an_empty_column_has_no_distribution() -> None:
    columns = TableStatistics(
        {"n": Kind.NUMERIC, "d": Kind.DATE, "c": Kind.CATEGORICAL, "b": Kind.BOOLEAN},
        profiled=True,
    )
    columns.update(
        pd.DataFrame(
            {
                "n": [np.nan] * 3,
                "d": pd.Series([pd.NaT] * 3, dtype="datetime64[ms]"),
                "c": pd.Series([None] * 3, dtype="str"),
                "b": pd.Series([None] * 3, dtype="boolean"),
            }
        )
    )
    nothing: dict[str, Any] = {"rows": 3, "missing": 3}
    unknown = {**nothing, "mean": None, "std": None, "quantiles": ()}
    uncounted = {**nothing, "distinct": 0, "frequencies": {}, "other": 0}
    assert {name: asdict(each) for name, each in columns.described().items()} == {
        "n": {"kind": "number", **unknown},
        "d": {"kind": "date", **unknown},
        "c": {"kind": "category", **uncounted},
        "b": {"kind": "boolean", **uncounted},
    }


def written(outcome: Outcome) -> bytes:
    assert outcome.code == 0, outcome.err
    return (outcome.folder / "profile").read_bytes()


def test_another_split_has_the_same_profile(preprocess: Preprocess, outcome: Outcome) -> None:
    other = preprocess(asymmetric(), *ALLOWED, "--seed", "7", "--test-fraction", "0.4")
    assert len(other.test) > 1.5 * len(outcome.test)
    assert written(other) == written(outcome)


def test_batches_and_passes_do_not_show(
    preprocess: Preprocess, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_BATCH_ROWS", 77)
    assert written(preprocess(asymmetric(), *ALLOWED)) == written(outcome)
    monkeypatch.undo()
    # Written in the pass that knows of the duplicates.
    twice = {name: [*values, values[-1]] for name, values in asymmetric().items()}
    dropped = preprocess(twice, *ALLOWED, "--duplicates", "drop")
    assert dropped.report["rows"]["duplicates"] == 1
    assert dropped.profile["columns"] == outcome.profile["columns"]


def test_rows_that_are_left_out_do_not_count(preprocess: Preprocess) -> None:
    table = {"n": [*range(100), *[5] * 50], "y": [*["a", "b"] * 50, *["b"] * 50]}
    kept = preprocess(table, "--duplicates", "keep", *ALLOWED).profile["columns"]["n"]
    dropped = preprocess(table, "--duplicates", "drop", "--allowed-checks", '["duplicates"]')
    column = dropped.profile["columns"]["n"]
    assert (kept["rows"], kept["mean"]) == (150, (4950 + 250) / 150)
    assert (column["rows"], column["mean"]) == (100, 49.5)


def test_the_data_and_what_reads_them_are_told_apart(preprocess: Preprocess) -> None:
    table = pa.table(asymmetric()).replace_schema_metadata({"pinion.sha256": "ab" * 32})
    pulled = pa.table(asymmetric()).replace_schema_metadata(
        {"pinion.sha256": "ab" * 32, "pinion.pull_data": '{"delimiter": ";"}'}
    )
    plain, marked, read = (
        preprocess(table, *ALLOWED).profile,
        preprocess(table, *ALLOWED, "--missing-markers", '["city 9"]').profile,
        preprocess(pulled, *ALLOWED).profile,
    )
    own = preprocess(asymmetric(), *ALLOWED)
    assert [each["dataset"] for each in (plain, marked, read)] == ["ab" * 32] * 3
    assert len({each["parameters"] for each in (plain, marked, read)}) == 3
    dataset = own.folder.parent / own.folder.name.replace("out", "dataset")
    assert own.profile["dataset"] == hashlib.sha256(dataset.read_bytes()).hexdigest()
    assert own.profile["parameters"] == plain["parameters"]


def test_a_numeric_target_and_numbered_classes(preprocess: Preprocess) -> None:
    table = {"n": list(range(100)), "y": [2 * (place % 3) for place in range(100)]}
    classes = preprocess(table, "--task", "classification").profile["columns"]["y"]
    assert classes["frequencies"] == {"0": 34, "2": 33, "4": 33}
    price = [(place**2 % 89) / 8 for place in range(100)]
    measured = preprocess({**table, "y": price}, "--task", "regression").profile
    assert (measured["task"], measured["columns"]["y"]["kind"]) == ("regression", "number")
    assert measured["columns"]["y"]["mean"] == pytest.approx(sum(price) / 100)
    assert measured["columns"]["y"]["quantiles"][-1] == max(price)


def test_a_column_that_is_set_to_text_is_not_counted(preprocess: Preprocess) -> None:
    found = preprocess(asymmetric(), *ALLOWED, "--column-types", '{"city": "text"}').profile
    assert found["columns"]["city"] == {"kind": "text", "rows": 399, "missing": 4}


def test_long_categories_are_cut(preprocess: Preprocess) -> None:
    long = ["x" * 200 + str(place % 2) for place in range(30)]
    table = {"c": [*long, *["short"] * 70], "y": list("ab" * 50)}
    assert preprocess(table).profile["columns"]["c"] == {
        "kind": "category",
        "rows": 100,
        "missing": 0,
        "distinct": 3,
        "frequencies": {"x" * 200: 30, "short": 70},
        "other": 0,
    }


def test_large_columns_are_sampled_within_the_stated_error(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    values = random.exponential(size=200_000)
    values[::5] = np.nan
    names = [f"c{number}" for number in (random.pareto(0.5, size=200_000) * 100).astype(int) % 9000]
    frame = pd.DataFrame({"n": values, "c": pd.Series(names, dtype="str")})

    def described(rows: int) -> dict[str, Any]:
        columns = TableStatistics({"n": Kind.NUMERIC, "c": Kind.CATEGORICAL}, profiled=True)
        for start in range(0, len(frame), rows):
            columns.update(frame[start : start + rows])
        return columns.described()

    found = described(100_000)
    assert found == described(7_777)
    present = np.sort(values[~np.isnan(values)])
    quantiles = np.array(found["n"].quantiles)
    assert (quantiles[0], quantiles[-1]) == (present[0], present[-1])
    shares = np.searchsorted(present, quantiles) / len(present)
    assert np.abs(shares - np.arange(201) / 200).max() < 3 * 0.004
    assert found["n"].mean == pytest.approx(present.mean(), rel=1e-13)
    assert found["n"].std == pytest.approx(present.std(), rel=1e-13)
    city = found["c"]
    assert city.distinct == frame["c"].nunique()
    counts = frame["c"].value_counts()
    assert set(counts.index[:20]) < set(city.frequencies)
    off = [abs(rows - counts[name]) / 200_000 for name, rows in city.frequencies.items()]
    assert len(off) == 100
    assert max(off) < 3 * 0.008
    assert sum(city.frequencies.values()) + city.other == 200_000


def test_what_a_double_does_not_hold_has_no_mean() -> None:
    columns = TableStatistics({"n": Kind.NUMERIC}, profiled=True)
    columns.update(pd.DataFrame({"n": [1e300, -1e300, 3.0, np.nan]}))
    huge = columns.described()["n"]
    assert isinstance(huge, Measure)
    assert (huge.mean, huge.std, huge.missing) == (None, None, 1)
    assert huge.quantiles[100] == 3.0
