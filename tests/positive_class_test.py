"""The class that recall is of, from a table of 1000 patients of whom 81 have the disease."""

from pathlib import Path

import pytest

from pipelines.system.workspace import ROOT
from tests.running import client, params, run

TABLE = ROOT / "tests" / "tables" / "positive-class" / "cardiac.csv"

pytestmark = pytest.mark.slow(reason="one more whole run; the fast tier has three")


def test_the_rarer_class_is_the_one_that_must_be_found(tmp_path: Path) -> None:
    """A model must find nine of ten of the positive class."""
    given = params(source=TABLE, target="diagnosis", thresholds='{"recall": 0.9}')
    finished = run(tmp_path / "runs", *given)

    assert finished.code == 0, finished.stderr
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
