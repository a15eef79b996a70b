from typing import Any

import pytest

from pinion_step.thresholds import asks_for_champion


@pytest.mark.parametrize(
    ("thresholds", "asks"),
    [
        pytest.param({}, False, id="none"),
        pytest.param({"accuracy": 0.9, "min_absolute_change": 0.1}, False, id="minimums"),
        pytest.param({"rmse": {"threshold": 0.8, "greater_is_better": False}}, False, id="a limit"),
        pytest.param(
            {"accuracy": 0.9, "rmse": {"threshold": 0.8, "min_relative_change": 0.0}},
            True,
            id="a change beside a limit",
        ),
        pytest.param({"roc_auc": {"min_absolute_change": 0.0}}, True, id="a change"),
    ],
)
def test_only_a_change_asks_for_the_champion(thresholds: dict[str, Any], asks: bool) -> None:
    assert asks_for_champion(thresholds) == asks
