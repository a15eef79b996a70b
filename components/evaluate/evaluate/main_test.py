import hashlib
import json
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from evaluate.__main__ import main
from evaluate.conftest import Example, Run, Store, people

LONG = '{"rmse": {"threshold": %s, "greater_is_better": false}}'


def test_a_classification_beats_its_baseline(
    income: Example, store: Store, evaluate_step: Run
) -> None:
    outcome = evaluate_step(income)

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    result = json.loads(outcome.result.read_text())
    share = (people()["income class"] == ">50K").mean()
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert result == {
        "passed": True,
        "task": "classification",
        "model_id": income.model_id,
        "run_id": income.run_id,
        "rows": 60,
        "metrics": json.loads(outcome.metrics.read_text()),
        "baseline": {
            "accuracy": max(share, 1 - share),
            "balanced_accuracy": 0.5,
            "log_loss": pytest.approx(entropy),
        },
        "checks": [
            {
                "metric": "balanced_accuracy",
                "value": 1.0,
                "threshold": 0.5,
                "greater_is_better": True,
                "passed": True,
                "baseline": True,
            },
            {
                "metric": "log_loss",
                "value": result["metrics"]["log_loss"],
                "threshold": pytest.approx(entropy),
                "greater_is_better": False,
                "passed": True,
                "baseline": True,
            },
        ],
        # One interval for each metric; the model makes no mistake, so that most are points.
        "intervals": result["intervals"],
        "positive_class": ">50K",
        "shown_as": {
            "precision": 'precision of ">50K"',
            "recall": 'recall of ">50K"',
            "f1": 'f1 of ">50K"',
        },
    }
    assert sorted(result["metrics"]) == [
        "accuracy",
        "balanced_accuracy",
        "f1",
        "log_loss",
        "precision",
        "recall",
        "roc_auc",
    ]
    assert result["intervals"].keys() == result["metrics"].keys()
    assert result["intervals"]["accuracy"] == [1.0, 1.0]
    low, high = result["intervals"]["log_loss"]
    assert low < result["metrics"]["log_loss"] < high
    assert outcome.stdout.splitlines()[-1] == (
        "evaluation passed: 2 of 2 checks passed on 60 test rows"
    )


def test_the_description_links_only_to_what_was_written(line: Example, store: Store) -> None:
    flags = {"model": line.folder, "test-data": line.test_data, "mlflow-tracking-uri": line.uri}
    outputs = {name: line.folder.parent / name for name in ("result", "test-metrics")}
    assert main([f"--{name}={value}" for name, value in (flags | outputs).items()]) == 0
    note = store.client.get_run(line.run_id).data.tags["mlflow.note.content"]
    assert "on 4 test rows.**\n\nrmse 2." in note


def test_the_run_and_the_model_hold_the_verdict(
    line: Example, store: Store, evaluate_step: Run
) -> None:
    evaluate_step(line, thresholds=LONG % 0.1, recipe="01ab-23cd")
    tags = store.client.get_run(line.run_id).data.tags
    assert (tags["pinion.evaluation"], tags["pinion.recipe"]) == ("failed", "01ab-23cd")
    gate = {"compare_with": "", "thresholds": json.loads(LONG % 0.1)}
    assert json.loads(tags["pinion.evaluation.gate"]) == gate

    outcome = evaluate_step(line)
    run = store.client.get_run(line.run_id)
    expected = {
        "test_rmse": pytest.approx(4.5**0.5, abs=1e-12),
        "test_mae": pytest.approx(1.5, abs=1e-12),
        "test_median_absolute_error": pytest.approx(1.0, abs=1e-12),
        "test_max_error": pytest.approx(4.0, abs=1e-12),
        "test_r2": pytest.approx(1 - 18 / 54, abs=1e-12),
    }
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("### Evaluation\n\n**Evaluation passed: 1 of 1 check passed on 4 test")
    assert note.count("### Evaluation") == 1
    page = f"#/experiments/{store.experiment}/runs/{line.run_id}/artifacts"
    assert f".** [Report]({page}/evaluation/report.html) · [Plots]({page}/plots)\n\nrmse 2." in note
    assert "\n| rmse | &emsp;2.1213 | " in note
    (given,) = run.inputs.dataset_inputs if run.inputs else []
    assert given.tags[0].value == "evaluation"
    assert json.loads(given.dataset.profile or "") == {"num_rows": 4, "num_elements": 4}
    measured = store.client.get_logged_model(line.model_id).metrics or []
    assert {(each.key, each.dataset_digest) for each in measured} == {
        (name, given.dataset.digest) for name in expected
    }
    plots = store.client.list_artifacts(line.run_id, "plots")
    assert {"plots/predicted_vs_actual.png", "plots/residuals.png"} <= {p.path for p in plots}
    assert run.data.tags["pinion.evaluation"] == "passed"
    documents = outcome.result.read_bytes() + outcome.report_data.read_bytes()
    assert run.data.tags["pinion.evaluation.sha256"] == hashlib.sha256(documents).hexdigest()
    assert run.data.metrics == expected
    logged = store.client.get_logged_model(line.model_id).metrics or []
    assert {metric.key: metric.value for metric in logged} == expected


def test_a_failed_check_is_a_verdict_and_not_a_crash(line: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(line, thresholds='{"r2": 0.5, "accuracy": 0.25}')

    assert outcome.exit_code == 0
    result = json.loads(outcome.result.read_text())
    assert result["passed"] is False
    assert [(check["metric"], check["passed"]) for check in result["checks"]] == [
        ("r2", True),
        ("accuracy", False),
    ]
    assert result["checks"][1]["value"] is None
    assert outcome.stdout.splitlines() == [
        "metric    value         threshold  check",
        "r2        0.666667      >= 0.5     pass",
        "accuracy  not computed  >= 0.25    FAIL",
        "evaluation failed: 1 of 2 checks passed on 4 test rows",
    ]
    assert outcome.stderr == (
        "evaluate: accuracy: not computed, so its check fails; "
        "give one of mae, max_error, median_absolute_error, r2, rmse\n"
    )


def test_no_better_than_the_best_constant_fails(
    margins: Example, evaluate_step: Run, tmp_path: Path
) -> None:
    # The model always says 8 here, and is right three times of four.
    pd.DataFrame({"x": [9.0, 11.0, 10.0, 11.0], "y": [3, 8, 8, 8]}).to_parquet(tmp_path / "test")

    outcome = evaluate_step(margins, test_data=tmp_path / "test")

    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines()[1:] == [
        "balanced_accuracy  0.5    > 0.5 (baseline)  FAIL",
        "evaluation failed: 0 of 1 check passed on 4 test rows",
    ]


def test_an_estimator_without_probabilities(margins: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(margins)

    result = json.loads(outcome.result.read_text())
    assert sorted(result["metrics"]) == [
        "accuracy",
        "balanced_accuracy",
        "f1",
        "precision",
        "recall",
    ]
    assert result["positive_class"] == 8
    assert outcome.stderr == (
        "evaluate: roc_auc, log_loss: left out, as the estimator has no predict_proba\n"
    )


def test_three_classes_have_no_positive_one(three_classes: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(three_classes)

    result = json.loads(outcome.result.read_text())
    assert "positive_class" not in result
    assert result["baseline"] == {
        "accuracy": 1 / 3,
        "balanced_accuracy": 1 / 3,
        "log_loss": pytest.approx(math.log(3)),
    }
    assert "shown_as" not in result
    assert result["metrics"]["roc_auc"] == 1.0
    assert outcome.stderr == ""


def test_categories_that_training_never_saw_are_no_warning(
    income: Example, evaluate_step: Run, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    people().assign(**{"work class": "astronaut"}).to_parquet(tmp_path / "test")

    outcome = evaluate_step(income, test_data=tmp_path / "test")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert [str(warning.message) for warning in recwarn] == []


def test_equal_inputs_give_equal_bytes(forest: Example, evaluate_step: Run) -> None:
    contents = set()
    for _ in range(4):
        outcome = evaluate_step(forest)
        contents.add((outcome.result.read_bytes(), outcome.metrics.read_bytes()))

    assert len(contents) == 1


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        pytest.param({"thresholds": "{"}, "--thresholds: { is not valid JSON", id="malformed"),
        pytest.param({"thresholds": '{"rmse": 1}'}, "better when smaller", id="error minimum"),
        pytest.param({"mlflow_tracking_uri": "http://[x"}, "'http://[x' is not", id="address"),
        pytest.param({"model": ""}, "--model: the path is empty", id="empty path"),
        pytest.param({"nonsense": "1"}, "unrecognized arguments: --nonsense=1", id="unknown flag"),
        pytest.param(
            {"result": "x", "test_metrics": "x"}, "same path", id="one path for both outputs"
        ),
    ],
)
def test_a_wrong_call_exits_2(
    line: Example, evaluate_step: Run, flags: dict[str, str], complaint: str
) -> None:
    outcome = evaluate_step(line, **flags)

    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("evaluate: error: ")
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not outcome.result.exists()


def test_a_missing_flag_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model=x"]) == 2
    assert "required: --test-data, --result, --test-metrics" in capsys.readouterr().err


Prepare = Callable[[Example, Path], dict[str, object]]


def _model_of_no_run(example: Example, tmp_path: Path) -> dict[str, object]:
    folder = shutil.copytree(example.folder, tmp_path / "model")
    document = yaml.safe_load((folder / "MLmodel").read_text())
    (folder / "MLmodel").write_text(yaml.safe_dump(document | {"run_id": "0" * 32}))
    return {"model": folder}


def _unknown_labels(example: Example, tmp_path: Path) -> dict[str, object]:
    people().assign(**{"income class": "rich"}).to_parquet(tmp_path / "test")
    return {"test_data": tmp_path / "test"}


def _words_for_numbers(example: Example, tmp_path: Path) -> dict[str, object]:
    people().assign(age="old").to_parquet(tmp_path / "test")
    return {"test_data": tmp_path / "test"}


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        pytest.param(lambda e, p: {"model": p / "no"}, "not an MLflow model folder", id="no model"),
        pytest.param(lambda e, p: {"test_data": p / "no"}, "No such file", id="no test data"),
        pytest.param(lambda e, p: {"test_data": p}, "Is a directory", id="a folder as test data"),
        pytest.param(lambda e, p: {"result": p}, "is a folder", id="a folder as output"),
        pytest.param(
            lambda e, p: {"result": e.test_data / "x"},
            "cannot write in the folder",
            id="output below a file",
        ),
        pytest.param(_model_of_no_run, "does not have the run 000", id="unknown run"),
        pytest.param(
            _unknown_labels,
            "the model knows no label of the target 'income class'",
            id="other labels",
        ),
        pytest.param(
            _words_for_numbers, "the model cannot predict the test data", id="other types"
        ),
    ],
)
def test_work_that_fails_exits_1_and_leaves_nothing(
    income: Example, evaluate_step: Run, tmp_path: Path, prepare: Prepare, complaint: str
) -> None:
    flags = prepare(income, tmp_path)
    before = sorted(tmp_path.rglob("*"))

    outcome = evaluate_step(income, **flags)

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("evaluate: error: ")
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert [path for path in sorted(tmp_path.rglob("*")) if path.is_file()] == [
        path for path in before if path.is_file()
    ]


def test_a_deleted_run_leaves_no_output(line: Example, store: Store, evaluate_step: Run) -> None:
    store.client.delete_run(line.run_id)
    try:
        outcome = evaluate_step(line)
    finally:
        store.client.restore_run(line.run_id)

    assert outcome.exit_code == 1
    assert "must be in the 'active' state" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not outcome.result.exists()


def test_the_uri_comes_from_the_environment(
    line: Example, evaluate_step: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", line.uri)

    assert evaluate_step(line, mlflow_tracking_uri="").exit_code == 0


def test_a_store_that_breaks_on_the_way_leaves_no_output(
    line: Example, evaluate_step: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(line.uri.removeprefix("sqlite:///"), copy)
    with sqlite3.connect(copy) as database:
        database.execute("DROP TABLE latest_metrics")

    outcome = evaluate_step(line, mlflow_tracking_uri=f"sqlite:///{copy}")

    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not outcome.result.exists()


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    ],
)
def test_a_signal_leaves_no_output(
    line: Example, tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    out = tmp_path / "out"
    # Reading a pipe that nobody writes to keeps the step at work.
    os.mkfifo(tmp_path / "pipe")
    flags = {"model": line.folder, "test-data": tmp_path / "pipe", "mlflow-tracking-uri": line.uri}
    flags |= {"result": out / "r", "test-metrics": out / "m"}
    step = subprocess.Popen(
        [sys.executable, "-m", "evaluate", *(f"--{name}={value}" for name, value in flags.items())],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    while step.poll() is None and len(list(tmp_path.glob("out/.*"))) < 2:
        time.sleep(0.05)
    step.send_signal(number)
    _, stderr = step.communicate(timeout=30)

    assert step.returncode == exit_code
    assert stderr.startswith("evaluate: error: ")
    assert stderr.count("\n") == 1
    assert list(out.iterdir()) == []


def test_slices_of_one_row_each_are_named_before_the_work(
    income: Example, evaluate_step: Run, tmp_path: Path
) -> None:
    frame = pd.read_parquet(income.test_data)
    works = [f"work {number % 41}" for number in range(len(frame))]
    frame.assign(**{"work class": works}).to_parquet(tmp_path / "test")

    outcome = evaluate_step(income, test_data=tmp_path / "test", slices='["age", "work class"]')

    assert outcome.stderr.splitlines() == [
        "evaluate: warning: --slices: 'work class' has 41 values in 60 test rows, so most slices"
        " have one row, which tells nothing; name a column with fewer values, or group them in the"
        " source"
    ]


def test_classes_that_the_test_split_lacks_are_named_before_the_work(
    three_classes: Example, evaluate_step: Run, tmp_path: Path
) -> None:
    pd.DataFrame({"x": [1.0, 20.0, 21.0], "y": [1, 9, 9]}).to_parquet(tmp_path / "test")

    outcome = evaluate_step(three_classes, test_data=tmp_path / "test")

    assert outcome.stderr.splitlines() == [
        "evaluate: warning: the test split has no row of 1 of the 3 classes: '5'; "
        "balanced_accuracy is the mean of the others, and roc_auc is left out; raise "
        "--test-fraction of preprocess, or give more rows",
        "evaluate: roc_auc: left out, as the test split has no row of the class 5",
    ]
