import numpy as np
import pytest

from evaluate.measure.metrics import classification_metrics, regression_metrics
from evaluate.report.metric_names import better, meaning


@pytest.mark.parametrize(
    ("name", "low", "high", "word"),
    [
        ("accuracy", 0.01, 0.02, "better"),
        ("accuracy", -0.02, -0.01, "worse"),
        ("rmse", 0.01, 0.02, "worse"),
        ("log_loss", -0.02, -0.01, "better"),
        ("rmse", -0.01, 0.02, "unclear"),
        ("accuracy", 0.0, 0.02, "unclear"),
        ("max_error", None, None, "unclear"),
    ],
)
def test_the_direction_of_the_metric_decides(
    name: str, low: float | None, high: float | None, word: str
) -> None:
    assert better(name, low, high) == word


def test_every_metric_is_explained() -> None:
    truth = np.array([0, 1, 1])
    measured = classification_metrics(truth, truth, np.eye(2)[truth], np.array([0, 1])).metrics
    measured = measured | regression_metrics(truth, truth).metrics
    assert len(measured) == 12
    assert [name for name in measured if not meaning(name)] == []
    assert meaning("rmse").endswith("(lower is better)")
    assert meaning("recall").endswith("(higher is better)")
