"""The whole pipeline on small real data; results are read back from MLflow."""

import csv
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from kfp.dsl import ClassificationMetrics, Metrics

from pipelines.components.component import discover
from pipelines.system.workspace import ROOT
from tests.programs import step
from tests.running import Finished, assert_one_line, client, params, run

whole_run = pytest.mark.slow(reason="one more whole run; the fast tier has three")

UNREACHED = params(model="logistic_regression", thresholds='{"accuracy": 0.9999, "log_loss_x": 1}')


def dev_version(component: str) -> str:
    return discover(ROOT / "components")[component].dev_version()


@pytest.fixture(scope="module")
def classification(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    output = tmp_path_factory.mktemp("classification") / "runs"
    return run(
        output,
        "--register",
        *params(
            model="logistic_regression",
            model_params='{"C": 0.5}',
            thresholds='{"accuracy": 0.9, "roc_auc": 0.95}',
            experiment="tumours",
            registered_model_name="tumour",
            seed=7,
        ),
    )


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    output = tmp_path_factory.mktemp("regression") / "runs"
    return run(
        output,
        *params(
            source="sample:diabetes",
            target="progression",
            model="ridge",
            thresholds='{"rmse": {"threshold": 70, "greater_is_better": false}}',
        ),
    )


@pytest.fixture(scope="module")
def unreached(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Run a model that misses one threshold, and lacks the metric of another."""
    return run(tmp_path_factory.mktemp("unreached") / "runs", *UNREACHED)


def test_a_run_succeeds_and_prints_a_summary(classification: Finished) -> None:
    assert classification.code == 0, classification.stderr
    assert classification.shown("dataset").startswith("sample:breast_cancer: ")
    assert classification.shown("verdict") == "passed"
    assert classification.shown("accuracy").endswith(">= 0.9000 passed")
    assert classification.shown("registered") == "models:/tumour/1"
    assert str(classification.folder) in classification.stdout


def test_every_step_is_reported_with_its_time(classification: Finished) -> None:
    steps = ["resolve", "pull-data", "preprocess", "decide", "train", "evaluate", "register"]
    events = [
        line.split(" ", 1)[1] for line in classification.stderr.splitlines() if line[:2].isdigit()
    ]
    assert [event.split(":")[0] for event in events if ": succeeded in " in event] == steps


def test_one_version_is_registered_and_is_the_champion(classification: Finished) -> None:
    mlflow = client(classification.output)
    (version,) = mlflow.search_model_versions("name='tumour'")
    assert (version.version, version.status) in [("1", "READY"), (1, "READY")]
    assert mlflow.get_model_version_by_alias("tumour", "champion").version == version.version
    assert version.tags["pinion.release"] == "dev"
    assert version.tags["pinion.component.train"] == dev_version("train")


def test_the_mlflow_run_records_what_made_the_model(classification: Finished) -> None:
    mlflow = client(classification.output)
    experiment = mlflow.get_experiment_by_name("tumours")
    assert experiment
    (record,) = mlflow.search_runs([experiment.experiment_id])
    assert record.info.status == "FINISHED"
    assert record.data.params["model"] == "logistic_regression"
    assert record.data.params["seed"] == "7"
    assert record.data.tags["pinion.evaluation"] == "passed"
    assert record.data.tags["pinion.component.preprocess"] == dev_version("preprocess")
    result = json.loads((classification.folder / "evaluate" / "result").read_text())
    assert record.data.metrics["test_accuracy"] == result["metrics"]["accuracy"]
    assert record.inputs
    assert record.inputs.dataset_inputs[0].dataset.digest
    assert record.info.artifact_uri.startswith(f"file://{classification.output}/artifacts/")


def test_a_run_folder_holds_the_file_the_outputs_and_the_logs(classification: Finished) -> None:
    names = {
        str(path.relative_to(classification.folder)) for path in classification.folder.glob("*")
    }
    steps = {"resolve", "pull-data", "preprocess", "decide", "train", "evaluate", "register"}
    assert names == steps | {"logs", "pipeline.yaml", "run.json", "index.html", "reports"}
    assert {path.stem for path in (classification.folder / "logs").iterdir()} == steps


def test_accuracy_agrees_with_published_results(classification: Finished) -> None:
    # Logistic regression on this data: 0.977 in ten-fold cross-validation.
    record = json.loads((classification.folder / "train" / "metrics").read_text())
    assert record["cv_accuracy_mean"] == pytest.approx(0.977, abs=0.012)


@whole_run
def test_a_regression(regression: Finished) -> None:
    assert regression.code == 0, regression.stderr
    assert regression.shown("rmse").endswith("<= 70.0000 passed")
    result = json.loads((regression.folder / "evaluate" / "result").read_text())
    # Published ridge and least-squares fits of this table explain 0.4 to 0.55 of the variance.
    assert 0.3 < result["metrics"]["r2"] < 0.65
    assert result["task"] == "regression"


def test_kfp_gets_the_metrics_as_its_sdk_would_write_them(classification: Finished) -> None:
    folder = classification.folder / "evaluate"
    metadata = {
        name: each["artifacts"][0]["metadata"]
        for name, each in json.loads((folder / "executor_output.json").read_text())[
            "artifacts"
        ].items()
    }
    report = json.loads((folder / "report_data").read_text())
    (curve,) = report["roc"]
    expected = ClassificationMetrics()
    thresholds = [round(each, 4) for each in curve["thresholds"]]
    expected.log_roc_curve(curve["x"], curve["y"], thresholds)
    expected.log_confusion_matrix(report["confusion"]["labels"], report["confusion"]["counts"])
    scalars = Metrics()
    for each in report["metrics"]:
        scalars.log_metric(each["name"], each["value"])

    assert json.loads((folder / "classification_metrics").read_text()) == expected.metadata
    assert metadata["test_metrics"] == scalars.metadata
    drawn, exact = metadata["classification_metrics"], expected.metadata
    assert drawn["confusionMatrix"] == exact["confusionMatrix"]
    # The UI draws a curve through the corners only if each is there three times.
    assert [
        (each["confidenceThreshold"], each["recall"]) for each in drawn["confidenceMetrics"]
    ] == [
        (each["confidenceThreshold"], each["recall"])
        for each in exact["confidenceMetrics"]
        for _ in range(3)
    ]
    # Neither the matrix nor the curve is symmetric, so swapped axes would be noticed.
    assert sum(map(sum, report["confusion"]["counts"])) == report["rows"]
    assert curve["x"] != curve["y"]


@whole_run
def test_a_regression_has_no_classification_metrics(regression: Finished) -> None:
    folder = regression.folder / "evaluate"
    written = json.loads((folder / "executor_output.json").read_text())["artifacts"]
    metrics = json.loads((folder / "test_metrics").read_text())
    assert written == {
        "test_metrics": {"artifacts": [{"metadata": metrics}]},
        "classification_metrics": {"artifacts": [{"metadata": {}}]},
    }
    assert json.loads((folder / "classification_metrics").read_text()) == {}


@whole_run
def test_without_register_nothing_is_registered(regression: Finished) -> None:
    assert client(regression.output).search_registered_models() == []
    assert "register: skipped" in regression.stderr
    assert "registered " not in regression.stdout


def test_a_failed_gate_is_a_verdict(unreached: Finished) -> None:
    assert unreached.code == 0, unreached.stderr
    assert unreached.shown("verdict") == "failed"
    assert unreached.shown("log_loss_x") == "not computed >= 1.0000 FAILED"


def test_a_failed_gate_registers_nothing_and_is_named(unreached: Finished) -> None:
    finished = run(unreached.output, "--register", *UNREACHED)
    assert_one_line(
        finished, 1, "step 'register' failed", "accuracy", "0.9999", "logs/register.log"
    )
    assert client(unreached.output).search_registered_models() == []


# Names that a shell or a parser would mangle.
OWN_TARGET = "-t, \"$(id)\" `id`\n'%s' \\"
OWN_TABLE = "-its 'own', $(id).csv"
OWN = params(
    source=OWN_TABLE,
    target=OWN_TARGET,
    model="random_forest",
    model_params='{"n_estimators": 20}',
    seed=3,
)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's folder with a table.

    It has names with spaces and umlauts, missing values, dates, booleans and a text target.
    """
    folder = tmp_path_factory.mktemp("einkommen")
    rows = [["Größe in cm", "work class", "since", "member", OWN_TARGET]]
    for row in range(240):
        size = "?" if row % 17 == 0 else str(150 + row * 37 % 50)
        work = ["Private", "State", "NA", "self employed"][row % 4]
        member = ["yes", "no"][row * 7 % 3 == 0]
        income = ">50K" if (row * 37 % 50 > 25) != (row % 4 == 1) else "<=50K"
        rows.append([size, work, f"20{10 + row % 9}-0{1 + row % 8}-15", member, income])
    with (folder / OWN_TABLE).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def own(own_folder: Path) -> Finished:
    """Run the pipeline on that table, called in its folder."""
    finished = run(Path("its runs"), *OWN, cwd=own_folder)
    return replace(finished, output=own_folder / finished.output)


@whole_run
def test_a_users_own_table(own: Finished) -> None:
    assert own.code == 0, own.stderr
    schema = json.loads((own.folder / "preprocess" / "schema").read_text())
    assert {feature["name"]: feature["kind"] for feature in schema["features"]} == {
        "Größe in cm": "numeric",
        "work class": "categorical",
        "since": "date",
        "member": "boolean",
    }
    assert schema["target"]["classes"] == ["<=50K", ">50K"]
    assert float(own.shown("accuracy").split(" ")[0]) > 0.8


@whole_run
def test_a_name_that_a_shell_or_a_parser_would_mangle(own: Finished) -> None:
    schema = json.loads((own.folder / "preprocess" / "schema").read_text())
    assert schema["target"]["name"] == OWN_TARGET


@whole_run
def test_a_relative_source_is_the_callers_and_nothing_else_is_left_there(
    own: Finished, own_folder: Path
) -> None:
    assert sorted(path.name for path in own_folder.iterdir()) == [OWN_TABLE, "its runs"]


@whole_run
def test_the_same_run_twice_gives_the_same_data_and_metrics(
    own: Finished, own_folder: Path, tmp_path: Path
) -> None:
    again = run(tmp_path / "again", *OWN, cwd=own_folder)
    assert again.code == 0, again.stderr
    for output in (
        "pull-data/dataset",
        "preprocess/train_data",
        "preprocess/schema",
        "evaluate/test_metrics",
    ):
        assert (own.folder / output).read_bytes() == (again.folder / output).read_bytes(), output


@pytest.mark.parametrize("name", sorted(discover(ROOT / "components")))
def test_the_flags_of_a_step_are_its_interface(name: str) -> None:
    component = discover(ROOT / "components")[name]
    shown = subprocess.run(
        [*step(name).command, "--help"], check=True, capture_output=True, text=True
    ).stdout
    flags = set(re.findall(r"^  (--[a-z0-9-]+)", shown, re.MULTILINE))
    # The contract test holds these to the names of inputs and outputs.
    arguments = component.interface.document["implementation"]["container"]["args"]
    # --quiet is for people.
    assert flags - {"--quiet"} == set(re.findall(r"--[a-z0-9-]+", str(arguments)))
