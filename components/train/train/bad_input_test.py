from __future__ import annotations

import json
import sys

import pandas as pd
import pytest

from train.__main__ import main
from train.conftest import Step, customers


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        pytest.param(
            ["--model", "svm"],
            "--model: 'svm' is not a model for a classification; give one of logistic_regression, "
            "random_forest, hist_gradient_boosting",
            id="unknown-model",
        ),
        pytest.param(["--model", "ridge"], "'ridge' is not a model for a class", id="other-task"),
        pytest.param(["--model-params", "{"], "--model-params: '{' is not JSON", id="not-json"),
        pytest.param(["--model-params", "[" * 100_000], "is not JSON (", id="deep-json"),
        pytest.param(["--model-params", "[1]"], "is not a JSON object", id="not-an-object"),
        pytest.param(["--model-params", '{"max_iter": NaN}'], "NaN is not a JSON number", id="nan"),
        pytest.param(
            ["--model-params", '{"max_itr": 5}'],
            "hist_gradient_boosting has no parameter 'max_itr'; give one of class_weight,",
            id="unknown-parameter",
        ),
        pytest.param(
            ["--model-params", '{"max_iter": "many"}'],
            "The 'max_iter' parameter of HistGradientBoostingClassifier must be an int",
            id="ill-typed-parameter",
        ),
        pytest.param(
            ["--model-params", '{"scoring": "roc_auc"}'], "'scoring' cannot be set", id="reserved"
        ),
        pytest.param(
            ["--model", "random_forest", "--model-params", '{"oob_score":true,"bootstrap":false}'],
            'cannot be fitted with --model-params {"oob_score": true, "bootstrap": false}: Out of',
            id="parameters-that-clash",
        ),
        pytest.param(["--seed", "a"], "--seed: 'a' is not a whole number", id="seed-text"),
        pytest.param(["--seed", "-1"], "-1 is not between 0 and 4294967295", id="seed-negative"),
        pytest.param(["--cv-folds", "1"], "--cv-folds: 1 is not between 2", id="one-fold"),
        pytest.param(
            ["--experiment-parameters", "team"], "'team' is not NAME=VALUE", id="no-value"
        ),
        pytest.param(
            ["--experiment-parameters", "a=1,a=2"], "'a' is given twice", id="parameter-twice"
        ),
        pytest.param(
            ["--experiment-parameters", "seed=1"], "'seed' is recorded by train", id="name-taken"
        ),
        pytest.param(["--mlflow-tracking-uri", "ftp://x"], "'ftp://x' is not an address", id="uri"),
        pytest.param(
            ["--mlflow-tracking-uri", "http://[x"], "'http://[x' is not an address", id="host"
        ),
        pytest.param(["--metrics", ""], "--metrics: the path is empty", id="empty-path"),
        pytest.param(["--modl", "x"], "unrecognized arguments: --modl=x", id="unknown-flag"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(
    step: Step, capsys: pytest.CaptureFixture[str], flags: list[str], complaint: str
) -> None:
    step.write(customers(), "income class")

    assert step.run(*flags) == 2

    *logs, last = capsys.readouterr().err.splitlines()
    assert last.startswith("train: error: ")
    assert complaint in last
    assert all(line.startswith("train: ") for line in logs)
    assert step.left_behind() == []


def test_two_outputs_cannot_have_one_path(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.write(customers(), "price")
    assert step.run("--model-id", str(step.output("run_id"))) == 2
    assert "--run-id and --model-id have the same path" in capsys.readouterr().err


def one_class(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["income class"] == ">50K"]


def missing_target(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{"income class": frame["income class"].mask(frame.index < 3)})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(lambda frame: frame.head(0), "has no rows", id="no-rows"),
        pytest.param(one_class, "'income class' has only the class '>50K'", id="one-class"),
        pytest.param(missing_target, "is missing in 3 of 120 rows", id="target-missing"),
        pytest.param(
            lambda frame: frame.groupby("income class").head(1),
            "cross-validation needs two rows of two classes; give more data",
            id="one-row-a-class",
        ),
        pytest.param(
            lambda frame: frame.astype({"age": "str"}),
            "the column 'age' is str, but numeric in the schema",
            id="other-kind",
        ),
    ],
)
def test_data_that_cannot_be_learned_from_is_one_line_and_exit_1(
    step: Step, capsys: pytest.CaptureFixture[str], change: object, complaint: str
) -> None:
    assert callable(change)
    step.write(change(customers()), "income class")

    assert step.run() == 1

    assert complaint in capsys.readouterr().err.splitlines()[-1]
    assert step.left_behind() == []


def test_columns_that_the_schema_does_not_have_are_named(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "price")
    lacking = customers()[["age", "price"]].assign(weight=1.0)
    lacking.to_parquet(step.folder / "train")

    assert step.run() == 1
    assert "the columns 'größe in cm', 'work class', 'postcode'" in capsys.readouterr().err

    customers().assign(weight=1.0)[["age", "price", "weight"]].to_parquet(step.folder / "train")
    only_age = json.loads((step.folder / "schema").read_text())
    only_age["features"] = only_age["features"][:1]
    (step.folder / "schema").write_text(json.dumps(only_age))
    assert step.run() == 1
    assert "the columns 'weight' are not in the schema" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        pytest.param("dataset", "ab" * 32, f"'{'ab' * 32}', but '{'c0ffee' * 10}'", id="dataset"),
        pytest.param("target", "age", "target is 'age', but 'price' in the training", id="target"),
        pytest.param("task", "classification", "but 'regression' in the training", id="task"),
    ],
)
def test_the_profile_of_another_table_is_refused(
    step: Step, capsys: pytest.CaptureFixture[str], name: str, value: str, complaint: str
) -> None:
    step.write(customers(), "price")
    path = step.folder / "profile"
    profile = json.loads(path.read_text())
    profile["columns"]["age"] = profile["columns"]["price"]
    path.write_text(json.dumps(profile | {name: value}))

    assert step.run() == 1

    error = capsys.readouterr().err
    assert error.startswith(f"train: error: --profile {path}: {name} is {value!r}, but ")
    assert complaint in error
    assert error.endswith("give the profile that the same run of preprocess wrote\n")
    assert step.left_behind() == []


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        pytest.param("train", b"a,b\n1,2\n", "is not a Parquet file", id="csv-as-data"),
        pytest.param("train", b"", "is not a Parquet file", id="empty-data"),
        pytest.param("schema", b"", "is not JSON", id="empty-schema"),
        pytest.param("schema", b"\xff\xfe", "is not JSON", id="binary-schema"),
        pytest.param("schema", b"[]", "the schema must be a JSON object", id="list-as-schema"),
        pytest.param("schema", b"{}", "schema_version is None", id="no-version"),
        pytest.param("profile", b"\xff\xfe", "not a profile", id="binary-profile"),
        pytest.param("profile", b"{}", "format is None, not 1", id="no-format"),
    ],
)
def test_a_file_of_another_format_is_named(
    step: Step, capsys: pytest.CaptureFixture[str], name: str, content: bytes, complaint: str
) -> None:
    step.write(customers(), "price")
    (step.folder / name).write_bytes(content)

    assert step.run() == 1

    error = capsys.readouterr().err
    assert str(step.folder / name) in error
    assert complaint in error
    assert error.count("\n") == 1


def test_a_damaged_page_is_said_to_be_in_its_file(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "price")
    data = step.folder / "train"
    content = data.read_bytes()
    data.write_bytes(content[:4] + b"\xff" * 60 + content[64:])  # the header of the first page

    assert step.run() == 1

    error = capsys.readouterr().err
    assert error.startswith(f"train: error: --train-data {data} is not a Parquet file that can be")
    assert error.count("\n") == 1


def test_a_missing_file_is_named(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.write(customers(), "price")
    assert step.run("--train-data", "/nowhere/train") == 1
    assert "--train-data /nowhere/train is not a file" in capsys.readouterr().err


def test_an_output_that_cannot_be_made_fails_before_the_training(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "price")
    (step.folder / "file").touch()
    assert step.run("--metrics", str(step.folder / "file" / "metrics")) == 1
    error = capsys.readouterr().err
    complaint = f"train: error: cannot write in the folder {step.folder}/file: File exists; give a"
    assert error.startswith(complaint)
    assert error.count("\n") == 1


def test_main_takes_the_arguments_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--seed", "1"])
    assert main() == 2
    assert "the following arguments are required: --train-data" in capsys.readouterr().err
