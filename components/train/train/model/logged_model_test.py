from __future__ import annotations

import json

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml

from pinion_step.outputs import staged
from pinion_step.reading.readings import Reading
from pinion_step.store import prepare_store
from train.__main__ import parse_options
from train.conftest import KINDS, Step, customers
from train.data.schema import Feature, Schema
from train.job import prepare
from train.model.logged_model import (
    TRUSTED_TYPES,
    choose_example,
    fitted_columns,
    make_signature,
)
from train.step import fit_and_log

FILES = ("run_id", "model_id", "metrics")
MODELS_OF = {
    "income class": ["logistic_regression", "random_forest", "hist_gradient_boosting"],
    "price": ["ridge", "random_forest", "hist_gradient_boosting"],
}
CASES = [
    pytest.param(target, model, id=f"{target}-{model}")
    for target, models in MODELS_OF.items()
    for model in models
]


@pytest.mark.parametrize(("target", "model"), CASES)
def test_a_model_serves_rows_that_training_did_not_see(step: Step, target: str, model: str) -> None:
    step.write(customers(), target)
    assert step.run("--model", model) == 0
    served = mlflow.pyfunc.load_model(str(step.output("trained_model")))

    example = served.input_example
    assert list(example.columns) == list(KINDS)
    assert len(served.predict(example)) == 5

    rows = customers()[list(KINDS)].head(3)
    rows["postcode"] = ["99999", None, "80331"]
    rows["work class"] = [None, "astronaut", "none"]  # none is missing in training
    rows["member"] = pd.Series([True, None, False], dtype=object)
    rows["age"] = [np.nan, 30.0, 31.0]
    rows["since"] = pd.to_datetime(["2031-05-06", None, "1960-01-01"]).as_unit("ms")
    predictions = served.predict(rows)
    assert len(predictions) == 3
    if target == "price":
        assert np.isfinite(predictions).all()
    else:
        assert set(predictions) <= {"<=50K", ">50K"}


@pytest.mark.parametrize(("target", "model"), CASES)
def test_a_loaded_model_predicts_what_the_fitted_one_did(
    step: Step, target: str, model: str
) -> None:
    step.write(customers(), target)
    job = prepare(parse_options(step.flags("--model", model, "--cv-folds", "2")))
    prepare_store(step.tracking_uri)
    flags = {f"--{name.replace('_', '-')}": step.output(name) for name in FILES}
    with staged(flags, {"--trained-model": step.output("trained_model")}) as outputs:
        fit_and_log(job, step.tracking_uri, outputs)
    fitted = job.pipeline
    loaded = skops.io.load(step.output("trained_model") / "model.skops", trusted=TRUSTED_TYPES)

    features = customers()[list(KINDS)]
    assert (loaded.predict(features) == fitted.predict(features)).all()
    if target == "income class":
        assert (loaded.predict_proba(features) == fitted.predict_proba(features)).all()
    assert loaded[-1].get_params().get("n_jobs") is None


def test_the_folder_says_what_it_needs_and_what_it_predicts(step: Step) -> None:
    step.write(customers(), "income class")
    assert step.run("--model", "logistic_regression") == 0
    folder = step.output("trained_model")
    description = yaml.safe_load((folder / "MLmodel").read_text())

    assert description["metadata"] == {"target": "income class", "task": "classification"}
    assert description["run_id"] == step.output("run_id").read_text()
    assert description["flavors"]["sklearn"]["serialization_format"] == "skops"
    assert description["flavors"]["sklearn"]["skops_trusted_types"] == TRUSTED_TYPES
    assert json.loads(description["signature"]["outputs"]) == [{"type": "string", "required": True}]
    requirements = (folder / "requirements.txt").read_text().splitlines()
    names = [line.partition("==")[0] for line in requirements]
    assert names == ["mlflow-skinny", "numpy", "pandas", "scikit-learn", "scipy", "skops"]


def test_the_example_is_strict_json(step: Step) -> None:
    step.write(customers(), "price")
    assert step.run("--model", "ridge") == 0
    example = (step.output("trained_model") / "serving_input_example.json").read_text()

    def refuse(name: str) -> None:
        raise AssertionError(name)

    columns = json.loads(example, parse_constant=refuse)["dataframe_split"]["columns"]
    assert columns == list(KINDS)


def test_where_no_row_is_complete_the_example_is_the_first_rows() -> None:
    frame = pd.DataFrame({"a": [None, 1.0, 2.0], "b": [3.0, None, None]})
    pd.testing.assert_frame_equal(choose_example(frame), frame)
    assert list(choose_example(frame.assign(b=7.0)).index) == [1, 2]


def test_typed_columns_keep_their_types_and_a_missing_boolean_stays_missing() -> None:
    features = tuple(Feature(name, kind, is_typed=True) for name, kind in KINDS.items())
    schema = Schema("classification", "grade", "integer", features)
    signature = make_signature(schema, customers()[list(KINDS)])
    types = {column.name: str(column.type) for column in signature.inputs}
    assert types == {
        "age": "DataType.double",
        "größe in cm": "DataType.double",
        "work class": "DataType.string",
        "postcode": "DataType.string",
        "member": "DataType.boolean",
        "owns": "Any",
        "since": "DataType.datetime",
    }
    assert [str(column.type) for column in signature.outputs] == ["DataType.long"]


def test_columns_of_text_take_what_the_model_reads() -> None:
    converted = Feature("size", "categorical", reading=Reading(lenient=True))
    features = (*(Feature(name, kind) for name, kind in KINDS.items()), converted)
    schema = Schema("classification", "grade", "integer", features)
    rows = customers()[list(KINDS)].assign(size="5")
    types = {column.name: str(column.type) for column in make_signature(schema, rows).inputs}
    assert {name for name, each in types.items() if each == "Any"} == {
        *("age", "größe in cm", "member", "owns", "since", "size")
    }
    fitted = {column.name: str(column.type) for column in fitted_columns(schema, rows)}
    assert fitted["age"] == "DataType.double"
