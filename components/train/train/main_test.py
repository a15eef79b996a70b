from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from mlflow import MlflowClient

from train.__main__ import build_parser
from train.conftest import Step, customers
from train.models import MODELS

ALL_OUTPUTS = ["metrics", "model_id", "run_id", "trained_model"]

# Enough for the tables here, at a fifth of the time.
FEW_TREES = {
    "random_forest": ["--model-params", '{"n_estimators": 20}'],
    "hist_gradient_boosting": ["--model-params", '{"max_iter": 20}'],
}


@pytest.mark.parametrize(
    ("target", "model", "metric", "least"),
    [
        pytest.param("income class", "logistic_regression", "accuracy", 0.85, id="text-logistic"),
        pytest.param("income class", "random_forest", "roc_auc", 0.9, id="text-forest"),
        pytest.param("grade", "random_forest", "f1", 0.6, id="three-integers-forest"),
        pytest.param("grade", "hist_gradient_boosting", "accuracy", 0.6, id="integers-boosting"),
        pytest.param("price", "ridge", "r2", 0.8, id="number-ridge"),
        pytest.param("price", "random_forest", "r2", 0.8, id="number-forest"),
        pytest.param("price", "hist_gradient_boosting", "r2", 0.6, id="number-boosting"),
    ],
)
def test_each_model_learns_a_mixed_table_without_a_warning(
    step: Step,
    capsys: pytest.CaptureFixture[str],
    target: str,
    model: str,
    metric: str,
    least: float,
) -> None:
    step.write(customers(), target)

    assert step.run("--quiet", "--model", model, *FEW_TREES.get(model, [])) == 0

    assert step.metrics()[f"cv_{metric}_mean"] > least
    assert step.left_behind() == ALL_OUTPUTS
    assert capsys.readouterr().err == f"train: {model} on 120 rows, 7 features, 5 folds\n"


def test_a_run_records_what_was_chosen_and_the_metrics(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "income class", positive="<=50K")
    flags = ["--model", "logistic_regression", "--model-params", '{"C": 0.5}', "--seed", "3"]
    more = ["--cv-folds", "4", "--experiment-parameters", "team=risk,note=a=b"]
    assert step.run(*flags, *more) == 0

    run_id, model_id = (step.output(name).read_text() for name in ("run_id", "model_id"))
    assert capsys.readouterr().out.startswith(
        f"run {run_id}, model {model_id}, cross-validated accuracy 0."
    )
    run = MlflowClient(step.tracking_uri).get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics.items() >= step.metrics().items()
    assert run.data.params == {
        "model": "logistic_regression",
        "C": "0.5",
        "max_iter": "2000",
        "seed": "3",
        "cv_folds": "4",
        "positive_class": "<=50K",
        "task": "classification",
        "target": "income class",
        "rows": "120",
        "columns": "7",
        "team": "risk",
        "note": "a=b",
    }
    folder = yaml.safe_load((step.output("trained_model") / "MLmodel").read_text())
    assert folder["metadata"] == {
        "target": "income class",
        "task": "classification",
        "positive_class": "<=50K",
    }


def test_parameters_that_are_longer_than_an_argument_may_be(step: Step) -> None:
    step.write(customers(), "income class")
    weights = {f"class {number:05}": 1.5 for number in range(12_500)}
    given = json.dumps({"class_weight": {"<=50K": 1.0, ">50K": 2.5, **weights}})
    assert len(given) == 250_045

    assert step.run("--model", "logistic_regression", "--model-params", given) == 0

    run = MlflowClient(step.tracking_uri).get_run(step.output("run_id").read_text())
    assert run.data.params["class_weight"].startswith("{'<=50K': 1.0, '>50K': 2.5")


def test_a_run_says_from_which_data_and_versions_its_model_came(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINION_RELEASE", "2026.11")
    monkeypatch.setenv("PINION_COMPONENTS", "pull_data=1.2.0,train=0.3.1")
    assert step.write(customers(), "price").run("--model", "ridge") == 0

    client = MlflowClient(step.tracking_uri)
    run = client.get_run(step.output("run_id").read_text())
    assert {
        "pinion.release": "2026.11",
        "pinion.component.pull_data": "1.2.0",
        "pinion.component.train": "0.3.1",
        "pinion.dataset.source": "https://example.org/customers.csv",
        "pinion.dataset.sha256": "c0ffee" * 10,
        "pinion.dataset": "c0ffee" * 10,
    }.items() <= run.data.tags.items()
    assert run.inputs
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "customers.csv"
    assert given.dataset.source == '{"url": "https://example.org/customers.csv"}'
    assert given.tags[0].value == "training"
    split = hashlib.sha256((step.folder / "train").read_bytes()).hexdigest()
    assert given.dataset.digest == split[:8]
    profile = Path(client.download_artifacts(run.info.run_id, "profile.json", str(step.folder)))
    assert profile.read_bytes() == (step.folder / "profile").read_bytes()
    model = client.get_logged_model(step.output("model_id").read_text())
    assert (model.status, model.source_run_id, model.name) == ("READY", run.info.run_id, "ridge")
    measured = {(each.key, each.value, each.dataset_digest) for each in model.metrics or []}
    assert measured == {(*each, split[:8]) for each in step.metrics().items()}
    what = "`ridge` predicts `price` (regression) from 7 columns, fitted on 120 rows of "
    assert model.tags["mlflow.note.content"].startswith(what)
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith(f"### Training\n\n{what}`https://example.org/customers.csv`.\n\n")
    assert "Cross-validated on 5 folds: **rmse " in note
    assert note.endswith("Release: `2026.11`")


def test_a_metric_has_a_step_for_each_fold(step: Step) -> None:
    assert step.write(customers(), "price").run("--model", "ridge", "--cv-folds", "3") == 0

    run_id = step.output("run_id").read_text()
    folds = step.client.get_metric_history(run_id, "folds/mae")
    assert [each.step for each in folds] == [1, 2, 3]
    values = [each.value for each in folds]
    assert np.mean(values) == pytest.approx(step.metrics()["cv_mae_mean"], rel=1e-12)
    assert np.std(values) == pytest.approx(step.metrics()["cv_mae_std"], rel=1e-12)


def test_kfp_is_told_the_metrics_where_it_reads(step: Step) -> None:
    step.write(customers(), "price")
    told = step.output("kfp's own") / "output.json"
    message = json.dumps({"inputs": {}, "outputs": {"outputFile": str(told)}})

    assert step.run("--model", "ridge", "--executor-input", message) == 0

    shown = {**step.metrics(), "display_name": "cross-validated metrics"}
    assert json.loads(told.read_text()) == {
        "artifacts": {"metrics": {"artifacts": [{"metadata": shown}]}}
    }


def test_artifacts_of_an_sqlite_store_are_beside_it(step: Step) -> None:
    step.write(customers(), "price")
    assert step.run("--model", "ridge") == 0

    experiment = MlflowClient(step.tracking_uri).get_experiment_by_name(step.folder.name)
    assert experiment
    store = Path(step.tracking_uri.removeprefix("sqlite:///"))
    assert experiment.artifact_location == (store.parent / "artifacts").as_uri()
    model_id = step.output("model_id").read_text()
    logged = store.parent / "artifacts" / "models" / model_id / "artifacts"
    mine = step.output("trained_model")
    assert (logged / "model.skops").read_bytes() == (mine / "model.skops").read_bytes()
    assert sorted(p.name for p in logged.iterdir()) == sorted(p.name for p in mine.iterdir())
    assert yaml.safe_load((mine / "MLmodel").read_text())["model_id"] == model_id


def test_one_seed_gives_one_result_and_another_seed_another(step: Step) -> None:
    step.write(customers(), "income class")
    metrics = []
    flags = ["--model", "random_forest", *FEW_TREES["random_forest"], "--cv-folds", "2"]
    for seed in ("1", "1", "2"):
        assert step.run(*flags, "--seed", seed) == 0
        metrics.append(step.output("metrics").read_bytes())
    assert metrics[0] == metrics[1] != metrics[2]


def test_empty_values_mean_the_defaults(
    step: Step, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", step.tracking_uri)
    step.write(customers(), "price")
    flags = "model model-params seed cv-folds experiment mlflow-tracking-uri experiment-parameters"
    empty = [item for flag in flags.split() for item in (f"--{flag}", "")]

    assert step.run(*empty) == 0

    assert "hist_gradient_boosting on 120 rows, 7 features, 5 folds" in capsys.readouterr().err
    client = MlflowClient(step.tracking_uri)
    run = client.get_run(step.output("run_id").read_text())
    assert client.get_experiment(run.info.experiment_id).name == "pinion"
    assert run.data.params["seed"] == "42"


def test_a_second_call_replaces_the_outputs_of_the_first(step: Step) -> None:
    step.write(customers(), "price")
    assert step.run("--model", "ridge") == 0
    first = step.output("run_id").read_text()
    (step.output("trained_model") / "stale").touch()

    assert step.run("--model", "ridge") == 0

    assert step.output("run_id").read_text() != first
    assert not (step.output("trained_model") / "stale").exists()
    assert step.left_behind() == ALL_OUTPUTS


def test_a_rare_class_lowers_the_folds_and_says_so(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = customers()
    frame.loc[frame.index < 3, "income class"] = "rare"
    step.write(frame, "income class")

    assert step.run("--model", "logistic_regression") == 0

    assert "train: using 3 folds instead of 5" in capsys.readouterr().err
    run = MlflowClient(step.tracking_uri).get_run(step.output("run_id").read_text())
    assert run.data.params["cv_folds"] == "3"


def test_a_failed_fit_leaves_a_failed_run(step: Step) -> None:
    step.write(customers(), "income class")
    params = '{"oob_score": true, "bootstrap": false}'
    assert step.run("--model", "random_forest", "--model-params", params) == 2
    assert step.run_status() == "FAILED"


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        pytest.param(signal.SIGTERM, 143, id="terminated"),
        pytest.param(signal.SIGINT, 130, id="interrupted"),
    ],
)
def test_a_stopped_step_leaves_no_output_and_a_killed_run(
    step: Step, number: int, exit_code: int
) -> None:
    step.write(customers(5_000), "price")
    # Many small trees: minutes of fitting, of which each tree can be the last.
    flags = step.flags("--model", "random_forest", "--model-params", '{"n_estimators": 10000}')
    process = subprocess.Popen(
        [sys.executable, "-m", "train", *flags],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "random_forest on 5000 rows" in process.stderr.readline()
    time.sleep(0.5)  # into the fitting
    process.send_signal(number)
    _, error = process.communicate(timeout=60)

    assert process.returncode == exit_code
    name = signal.Signals(number).name
    assert error == (
        f"train: error: stopped by {name}; no output was written, repeating the call is safe\n"
    )
    assert step.left_behind() == []
    assert step.run_status() == "KILLED"


def test_help_names_every_model() -> None:
    text = " ".join(build_parser().format_help().split())
    for task in ("classification", "regression"):
        names = ", ".join(name for known, name in MODELS if known == task)
        assert f"{task}: {names}" in text


def test_a_convergence_warning_is_one_line_of_the_log(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "income class")
    assert step.run("--model", "logistic_regression", "--model-params", '{"max_iter": 2}') == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert warnings[0].startswith("train: warning: lbfgs failed to converge after 2 iteration(s)")


def test_weights_of_whole_number_classes_can_be_given_in_json(step: Step) -> None:
    step.write(customers(), "grade")
    weights = '{"class_weight": {"0": 1, "1": 2, "2": 50}}'
    assert step.run("--model", "logistic_regression", "--model-params", weights) == 0


def test_numbers_of_a_large_target_keep_their_scale(step: Step) -> None:
    frame = customers()
    spread = float(np.std(frame["price"]))
    step.write(frame.assign(price=frame["price"] + 1e9), "price")
    assert step.run("--model", "ridge") == 0
    assert step.metrics()["cv_rmse_mean"] < 0.5 * spread
