"""Odd tables give models as good as those of the plain tables behind them."""

import json
from pathlib import Path

import pytest

from tests.running import params, run

TABLES = Path(__file__).with_name("tables")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "runs"


@pytest.mark.slow(reason="three whole runs")
@pytest.mark.parametrize(
    ("source", "given", "metrics"),
    [
        pytest.param(
            "decimal-comma/features.csv",
            {"target": "label", "decimal": ","},
            {"roc_auc": 0.97},
            id="decimal commas",
        ),
        pytest.param(
            "repeated-rows/survey.csv",
            {"target": "survived"},
            {"accuracy": 0.78, "roc_auc": 0.77},
            id="a survey",
        ),
        pytest.param(
            "repeated-rows/counts.csv",
            {"target": "y", "task": "regression"},
            {"r2": 0.94},
            id="counts",
        ),
    ],
)
def test_a_model_is_as_good_as_that_of_the_plain_table(
    output: Path, source: str, given: dict[str, str], metrics: dict[str, float]
) -> None:
    finished = run(output, *params(source=TABLES / source, **given))
    assert finished.code == 0, finished.stderr
    newest = max(output.glob("20*"))
    found = json.loads((newest / "evaluate" / "test_metrics").read_text())
    assert {name: found[name] for name in metrics} == pytest.approx(metrics, abs=0.045)
