import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.compiled.container import ArtifactType
from pipelines.compiled.values import Value
from pipelines.runner.summary import evaluated, summarize
from pipelines.runner.task.backend import Artifact, Values
from pipelines.system.workspace import ROOT

ACCURACY = {"metric": "accuracy", "value": 0.875, "threshold": 0.9, "greater_is_better": True}
RMSE = {"metric": "rmse", "value": 0.5, "threshold": 0.75, "greater_is_better": False}
ABSENT = {"metric": "auc", "value": None, "threshold": 1, "greater_is_better": True}


def artifact(path: Path) -> Artifact:
    return Artifact(str(path), ArtifactType("system.Artifact", "0.0.1"))


def outputs(folder: Path, metrics: dict[str, float], *checks: dict[str, Any]) -> dict[str, Values]:
    result = {
        "passed": all(check["passed"] for check in checks),
        "metrics": metrics,
        "checks": list(checks),
    }
    (folder / "result").write_text(json.dumps(result))
    (folder / "data_summary").write_text(json.dumps({"rows": {"train": 80, "test": 20}}))
    return {
        "preprocess": Values(artifacts={"data_summary": artifact(folder / "data_summary")}),
        "evaluate": Values(artifacts={"result": artifact(folder / "result")}),
        "register": Values({"model_uri": "models:/income/3", "model_version": 3}),
    }


def test_everything_that_came_out(tmp_path: Path) -> None:
    made = outputs(
        tmp_path,
        {"accuracy": 0.875, "f1": 0.5, "rmse": 0.5},
        {**ACCURACY, "passed": False},
        {**RMSE, "passed": True},
        {**ABSENT, "passed": False},
    )
    text = summarize({"source": "adult.csv"}, made, Path("/runs/1"), "sqlite:////runs/mlflow.db")
    assert text.splitlines()[:-1] == [
        "dataset     adult.csv: 80 rows to train, 20 to test",
        "accuracy    0.8750 >= 0.9000 FAILED",
        "f1          0.5000",
        "rmse        0.5000 <= 0.7500 passed",
        "auc         not computed >= 1.0000 FAILED",
        "verdict     failed",
        "registered  models:/income/3",
        "run folder  /runs/1",
    ]
    assert text.endswith("  .venv/bin/python -m pipelines.ui --output /runs")


def test_the_rows_of_a_release_whose_preprocess_wrote_a_report(tmp_path: Path) -> None:
    made = outputs(tmp_path, {})
    (document,) = made["preprocess"].artifacts.values()
    made["preprocess"] = Values(artifacts={"report": document})
    text = summarize({"source": "adult.csv"}, made, Path("/runs/1"), "sqlite:////runs/mlflow.db")
    assert text.splitlines()[0] == "dataset     adult.csv: 80 rows to train, 20 to test"


def test_the_class_of_a_metric_is_named(tmp_path: Path) -> None:
    recall = {"metric": "recall", "value": 0.6, "threshold": 0.9, "greater_is_better": True}
    made = outputs(tmp_path, {"recall": 0.6, "roc_auc": 0.75}, {**recall, "passed": False})
    result = json.loads((tmp_path / "result").read_text())
    named = {**result, "shown_as": {"recall": 'recall of "Cardiac"'}}
    (tmp_path / "result").write_text(json.dumps(named))
    text = summarize({"source": "x"}, made, Path("/runs/1"), "sqlite:///x")
    assert text.splitlines()[1:4] == [
        'recall of "Cardiac"  0.6000 >= 0.9000 FAILED',
        "roc_auc              0.7500",
        "verdict              failed",
    ]


@pytest.mark.parametrize(
    ("check", "line"),
    [
        ({**ACCURACY, "baseline": True, "passed": False}, "0.8750 > 0.9000 (baseline) FAILED"),
        ({**RMSE, "baseline": True, "passed": True}, "0.5000 < 0.7500 (baseline) passed"),
    ],
)
def test_a_baseline_must_be_beaten(tmp_path: Path, check: dict[str, Any], line: str) -> None:
    made = outputs(tmp_path, {check["metric"]: check["value"]}, check)
    assert line in summarize({"source": "x"}, made, Path("/runs/1"), "sqlite:///x")


@pytest.mark.parametrize(
    ("found", "line"),
    [
        pytest.param(
            {"champion": 0.85, "threshold": 0.86, "passed": True},
            "0.8750 >= 0.8600 (champion) passed",
            id="better",
        ),
        pytest.param(
            {"champion": 0.0, "threshold": 0.01, "passed": False, "reason": "not sure"},
            "0.8750 >= 0.0100 (champion) FAILED: not sure",
            id="not surely better",
        ),
        pytest.param(
            {"champion": None, "threshold": None, "passed": True, "note": "there is no champion"},
            "0.8750 passed: there is no champion",
            id="the first",
        ),
        pytest.param(
            {"champion": None, "threshold": None, "passed": False, "reason": "its target is 'x'"},
            "0.8750 FAILED: its target is 'x'",
            id="not comparable",
        ),
    ],
)
def test_a_champion_is_told_beside_a_threshold(
    tmp_path: Path, found: dict[str, Any], line: str
) -> None:
    made = outputs(tmp_path, {"accuracy": 0.875}, {**ACCURACY, "passed": True}, ACCURACY | found)
    text = summarize({"source": "x"}, made, Path("/r"), "sqlite:///x")
    assert [each for each in text.splitlines() if each.startswith("accuracy")] == [
        "accuracy    0.8750 >= 0.9000 passed",
        f"accuracy    {line}",
    ]


def test_a_near_miss_does_not_look_like_a_hit(tmp_path: Path) -> None:
    near = {**ACCURACY, "value": 0.94999, "threshold": 0.95, "passed": False}
    text = summarize(
        {"source": "x"}, outputs(tmp_path, {"accuracy": 0.94999}, near), Path("/r"), ""
    )
    assert "accuracy    0.94999 >= 0.95 FAILED" in text


def test_a_source_is_shown_without_its_token(tmp_path: Path) -> None:
    given: dict[str, Value] = {"source": "https://ada:s3cret@host/x.csv?sig=TOKEN"}
    text = summarize(given, outputs(tmp_path, {}), Path("/r"), "sqlite:///x")
    assert text.splitlines()[0] == "dataset     https://host/x.csv: 80 rows to train, 20 to test"


def test_a_run_that_trained_for_a_reason_says_so(tmp_path: Path) -> None:
    made = outputs(tmp_path, {"accuracy": 0.875})
    made["decide"] = Values({"retrain": True, "why": "drift:age psi=0.31", "recipe": "a-b"})
    text = summarize({"source": "x"}, made, Path("/runs/1"), "sqlite:///x")
    assert text.splitlines()[1] == "retrained   the data drifted from the champion's (age psi=0.31)"
    made["decide"] = Values({"retrain": True, "why": "forced"})
    assert "retrained" not in summarize({"source": "x"}, made, Path("/runs/1"), "sqlite:///x")


def test_a_run_that_trained_nothing_says_why_at_last(tmp_path: Path) -> None:
    made = outputs(tmp_path, {})
    kept = {
        "resolve": Values({"champion": "income/3@m-08", "compare_with": ""}),
        "preprocess": made["preprocess"],
        "decide": Values({"retrain": False, "why": "same_data"}),
    }
    text = summarize({"source": "x"}, kept, Path("/runs/1"), "sqlite:////runs/mlflow.db")
    assert text.splitlines() == [
        "dataset     x: 80 rows to train, 20 to test",
        "run folder  /runs/1",
        "MLflow      .venv/bin/python -m pipelines.ui --output /runs",
        "not retrained: same data, parameters and release as income/3",
    ]
    assert not evaluated(kept)


@pytest.mark.parametrize("content", ["<html>", "[1]", "{}"])
def test_another_pipeline_may_call_anything_a_report(tmp_path: Path, content: str) -> None:
    (tmp_path / "page").write_text(content)
    page = artifact(tmp_path / "page")
    other = {"other": Values(artifacts={"report": page, "result": page})}
    assert summarize({"source": "x"}, other, Path("/r"), "sqlite:///x").startswith("run folder")
    assert not evaluated(other)


def test_a_verdict_is_what_an_evaluation_wrote(tmp_path: Path) -> None:
    made = outputs(tmp_path, {}, {**ACCURACY, "passed": False})
    assert evaluated(made)
    del made["evaluate"]
    assert not evaluated(made)


@pytest.mark.parametrize(
    ("runs", "store", "experiment", "command"),
    [
        (ROOT / "runs", "", "pinion", "make ui"),
        (ROOT / "runs", "", "", "make ui"),
        (ROOT / "runs", "", "churn", ".venv/bin/python -m pipelines.ui --experiment churn"),
        (Path("/two words"), "", "pinion",
         ".venv/bin/python -m pipelines.ui --output '/two words'"),
        (ROOT / "runs", "sqlite:////two words/m.db", "pinion",
         ".venv/bin/python -m pipelines.ui --mlflow-tracking-uri 'sqlite:////two words/m.db'"),
    ],
)  # fmt: skip
def test_the_command_leads_to_the_run_and_can_be_pasted(
    runs: Path, store: str, experiment: str, command: str
) -> None:
    uri = store or f"sqlite:///{runs / 'mlflow.db'}"
    text = summarize({"experiment": experiment}, {}, runs / "1", uri)
    assert text.splitlines()[-1] == f"MLflow      {command}"


def test_a_server_is_shown_without_its_password() -> None:
    text = summarize({}, {}, Path("/runs/1"), "https://ada:s3cret@mlflow.example.com/x")
    assert text.splitlines()[-1] == "MLflow      https://mlflow.example.com/x"


def test_a_pipeline_without_these_outputs(tmp_path: Path) -> None:
    text = summarize({}, {"other": Values({"count": 3})}, Path("/runs/1"), "http://mlflow:5000")
    assert [line.split("  ")[0] for line in text.splitlines()] == ["run folder", "MLflow"]
    assert "http://mlflow:5000" in text.splitlines()[-1]
