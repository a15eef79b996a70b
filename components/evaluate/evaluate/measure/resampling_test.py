import time

import numpy as np
import pytest

from evaluate.gate.change import Change
from evaluate.gate.evaluation import confidence
from evaluate.measure.predictions import Predictions
from evaluate.measure.resampling import RESAMPLES, distributions, intervals

NOT_WORSE = Change("accuracy", "min_absolute_change", 0.0)
CLASSES = np.array([0, 1])


def right(rows: int, count: int, seed: int = 1) -> Predictions:
    """Return the predictions of a model that is right in `count` of the rows."""
    truth = np.random.default_rng(0).integers(0, 2, rows)
    predicted = truth.copy()
    wrong = np.random.default_rng(seed).permutation(rows)[: rows - count]
    predicted[wrong] = 1 - predicted[wrong]
    return Predictions(truth, predicted, None, CLASSES)


def resample(*models: Predictions) -> list[dict[str, np.ndarray]]:
    return distributions(models, [model.measure().metrics for model in models])


@pytest.mark.parametrize(
    "rows", [pytest.param(400, id="all rows"), pytest.param(90_000, id="a sample of the rows")]
)
def test_the_interval_is_the_normal_ones_of_a_share(rows: int) -> None:
    (drawn,) = resample(right(rows, int(rows * 0.8)))

    low, high = intervals(drawn)["accuracy"]

    half = 1.96 * (0.8 * 0.2 / rows) ** 0.5
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), rel=0.0, abs=half / 5)
    assert drawn["accuracy"].shape == (RESAMPLES,)


def test_equal_rows_give_equal_numbers() -> None:
    first, second = (resample(right(400, 300))[0]["f1"] for _ in range(2))

    assert first.tolist() == second.tolist()


def test_the_confidence_turns_with_the_models() -> None:
    strong, weak = resample(right(400, 320), right(400, 300, seed=2))

    sure = confidence(NOT_WORSE, strong, weak)

    assert sure is not None
    assert 0.9 < sure < 1.0
    assert confidence(NOT_WORSE, weak, strong) == pytest.approx(1 - sure, abs=1e-12)
    by_more = Change("accuracy", "min_absolute_change", 0.05)
    assert confidence(by_more, strong, weak) == pytest.approx(0.5, abs=0.1)


def test_an_error_is_better_when_smaller() -> None:
    truth = np.arange(50.0)
    near, far = Predictions(truth, truth + 1), Predictions(truth, truth - 2)
    change = Change("mae", "min_relative_change", 0.4, greater_is_better=False)

    assert confidence(change, *resample(near, far)) == 1.0
    assert confidence(change, *resample(far, near)) == 0.0


def test_a_model_beside_itself_is_even() -> None:
    model = right(400, 300)

    assert confidence(NOT_WORSE, *resample(model, model)) == 0.5


def test_what_has_no_distribution_has_no_confidence() -> None:
    truth = np.arange(5.0)
    drawn = resample(Predictions(truth, truth + 1), Predictions(truth, truth - 2))

    assert confidence(Change("max_error", "min_absolute_change", 0.0, False), *drawn) is None


def test_a_million_rows_take_seconds() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 1_000_000)
    scores = np.clip(rng.normal(0.4 + 0.2 * truth, 0.2), 0.01, 0.99)
    model = Predictions(
        truth, (scores > 0.5).astype(int), np.column_stack([1 - scores, scores]), CLASSES
    )
    metrics = model.measure().metrics
    start = time.monotonic()

    (drawn,) = distributions([model], [metrics])

    assert time.monotonic() - start < 30
    low, high = intervals(drawn)["roc_auc"]
    assert low < metrics["roc_auc"] < high
    assert high - low < 0.003
