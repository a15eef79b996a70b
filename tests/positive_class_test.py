"""The class that recall is of, from a table of 1000 patients of whom 81 have the disease."""

import json
from pathlib import Path

import pytest

from pipelines.system.workspace import ROOT
from tests.running import Finished, client, params, run

TABLE = ROOT / "tests" / "tables" / "positive-class" / "cardiac.csv"

pytestmark = pytest.mark.slow(reason="two whole runs; the fast tier has three")


def judged(output: Path, **values: str) -> Finished:
    """Run the pipeline on the table; a model must find nine of ten of the positive class."""
    given = params(source=TABLE, target="diagnosis", thresholds='{"recall": 0.9}', **values)
    finished = run(output, *given)
    assert finished.code == 0, finished.stderr
    return finished


def test_the_rarer_class_is_the_one_that_must_be_found(tmp_path: Path) -> None:
    finished = judged(tmp_path / "runs")

    assert 'recall of "Cardiac"     0.6000 >= 0.9000 FAILED' in finished.stdout.splitlines()
    assert finished.shown("verdict") == "failed"
    mlflow = client(finished.output)
    experiment = mlflow.get_experiment_by_name("pinion")
    assert experiment
    (record,) = mlflow.search_runs([experiment.experiment_id])
    assert record.data.params["positive_class"] == "Cardiac"
    assert record.data.metrics["test_recall"] == 0.6
    report = (finished.folder / "evaluate" / "report").read_text()
    assert "recall of &quot;Cardiac&quot;" in report


def test_the_other_class_can_be_chosen(tmp_path: Path) -> None:
    finished = judged(tmp_path / "runs", positive_class="NonCardiac")

    assert finished.shown("verdict") == "passed"
    result = json.loads((finished.folder / "evaluate" / "result").read_text())
    assert result["positive_class"] == "NonCardiac"
    assert result["metrics"]["recall"] == pytest.approx(0.9794, abs=1e-4)
    assert result["metrics"]["accuracy"] == pytest.approx(0.9522, abs=1e-4)
