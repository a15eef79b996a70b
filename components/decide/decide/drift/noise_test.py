"""The noise: how often equal data of any size would be taken for drift, and that drift is not."""

import numpy as np
import pytest

from decide.conftest import profile
from decide.drift.comparison import ColumnDrift, compare
from decide.limits import Limits

ANY = Limits({"psi": 0.0, "js": 0.0, "wasserstein": 0.0})


def table(rows: int, seed: int, shift: float = 0.0) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    return {
        "normal": rng.normal(shift, 1, rows),
        "skewed": rng.lognormal(0, 1.5, rows),
        "whole": rng.integers(0, 5, rows) * 1.0,
        "gaps": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(0, 1, rows)),
        "few": rng.choice(["a", "b"], rows, p=[0.97, 0.03]).tolist(),
        "many": rng.choice([f"c{number}" for number in range(30)], rows).tolist(),
    }


def compared(before: dict[str, object], now: dict[str, object]) -> tuple[ColumnDrift, ...]:
    return compare(profile(before), profile(now), ANY)  # type: ignore[arg-type]


def over(columns: tuple[ColumnDrift, ...]) -> set[str]:
    return {each.name for each in columns if each.worst.over}


@pytest.mark.parametrize("rows", [(25, 25), (200, 60), (60, 1000)], ids=str)
def test_equal_data_are_no_drift_however_few(rows: tuple[int, int]) -> None:
    alarms = [
        over(compared(table(rows[0], seed), table(rows[1], seed + 100))) for seed in range(10)
    ]
    # Limits of zero: the noise alone decides, and one of a hundred comparisons may be over it.
    assert alarms == [set()] * 10


def test_drift_is_found_in_few_rows_if_it_is_large_and_in_many_if_it_is_small() -> None:
    assert "normal" in over(compared(table(40, 1), table(40, 2, shift=1.5)))
    assert "normal" not in over(compared(table(40, 1), table(40, 2, shift=0.1)))
    assert "normal" in over(compared(table(20_000, 1), table(20_000, 2, shift=0.1)))


def test_the_noise_is_the_same_each_time_and_falls_with_the_rows() -> None:
    def floors(rows: int) -> list[float]:
        columns = compared(table(rows, 1), table(rows, 2))
        return [m.floor for each in sorted(columns, key=lambda c: c.name) for m in each.measures]

    few, many = floors(100), floors(10_000)
    assert few == floors(100)
    assert all(first > 3 * second for first, second in zip(few, many, strict=True))


def test_a_constant_has_no_noise() -> None:
    (column,) = compared({"x": [5.0] * 50}, {"x": [5.0] * 70})
    (measured,) = column.measures
    assert (measured.measure, measured.value, measured.floor) == ("psi", 0, 0)
    assert not measured.over
