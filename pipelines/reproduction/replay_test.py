from dataclasses import replace

import pytest

from pipelines.compiled.graph import Pipeline
from pipelines.models.records import Record
from pipelines.reproduction.replay import outputs, parameters_of
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

RECORDS = {
    "pull_data": Record({"source": "s3://tables/a.csv", "sha256": "5" * 64}),
    "preprocess": Record(
        {"target": "y", "test_fraction": 0.25, "seed": 7, "ignore_columns": ["id"]},
        {"dataset": "d" * 64},
    ),
    "train": Record(
        {"model": "ridge", "model_params": {"alpha": 2.5}, "seed": 7, "cv_folds": 5},
        {"train_data": "1" * 64, "schema": "2" * 64},
        {"metrics": "3" * 64},
    ),
    "evaluate": Record(
        {"thresholds": {"r2": 0.5}, "compare_with": "prices/3@m-1f"},
        {"test_data": "4" * 64},
        {"metrics": "6" * 64, "predictions": "7" * 64},
    ),
}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.load(ROOT / "tests" / "golden" / "training.yaml")


def test_every_step_gets_its_recorded_values(pipeline: Pipeline) -> None:
    parameters = parameters_of(pipeline, RECORDS)
    assert parameters.keys() == pipeline.parameters.keys()
    recorded = {
        "source": "s3://tables/a.csv",
        "sha256": "5" * 64,
        "target": "y",
        "test_fraction": 0.25,
        "seed": 7,
        "ignore_columns": ["id"],
        "model": "ridge",
        "model_params": {"alpha": 2.5},
        "thresholds": {"r2": 0.5},
        # From `resolve`, which hands it on, although another version is the champion by now.
        "compare_with": "prices/3@m-1f",
    }
    defaults = {"register": False, "experiment": "pinion", "mlflow_tracking_uri": "", "slices": []}
    assert (recorded | defaults).items() <= parameters.items()


@pytest.mark.parametrize(
    ("component", "name", "value", "message"),
    [
        pytest.param(
            "train", "cv_folds", 7, "train was run with cv_folds=7, but", id="no parameter"
        ),
        pytest.param("train", "gone", 1, "train was run with gone=1, but", id="unknown"),
        pytest.param(
            "train", "seed", 8, "train was run with seed=8, but another step with 7", id="two"
        ),
        pytest.param("train", "seed", "x", "seed='x': the parameter 'seed': 'x' is", id="type"),
    ],
)
def test_a_value_that_no_parameter_sets_is_reported(
    pipeline: Pipeline, component: str, name: str, value: object, message: str
) -> None:
    old = RECORDS[component]
    changed = Record({**old.parameters, name: value}, old.inputs, old.outputs)
    with pytest.raises(PinionError, match=message):
        parameters_of(pipeline, {**RECORDS, component: changed})


def test_a_file_is_the_output_of_the_step_that_wrote_it(pipeline: Pipeline) -> None:
    found = [
        (step.component, output, sha256[0]) for step, output, sha256 in outputs(pipeline, RECORDS)
    ]
    assert sorted(found[1:4]) == [
        ("preprocess", "schema", "2"),
        ("preprocess", "test_data", "4"),
        ("preprocess", "train_data", "1"),
    ]
    assert [found[0], *found[4:]] == [
        ("pull_data", "dataset", "d"),
        ("train", "metrics", "3"),
        ("evaluate", "metrics", "6"),
        ("evaluate", "predictions", "7"),
    ]


def test_no_champion_then_is_no_champion_now(pipeline: Pipeline) -> None:
    evaluate = Record({"thresholds": {"r2": {"min_absolute_change": 0.0}}, "compare_with": ""})
    parameters = parameters_of(pipeline, {**RECORDS, "evaluate": evaluate})
    # An empty value would make `resolve` look for the champion of today.
    assert parameters["compare_with"] == "none"


def test_nothing_is_decided_again(pipeline: Pipeline) -> None:
    sometimes = replace(pipeline.parameters["retrain"], default="on_drift")
    other = replace(pipeline, parameters={**pipeline.parameters, "retrain": sometimes})
    assert parameters_of(other, RECORDS)["retrain"] == "always"
    before = Pipeline.load(ROOT / "tests" / "golden" / "released_before" / "pipeline.yaml")
    assert "retrain" not in parameters_of(before, {"train": RECORDS["train"]})


def test_the_version_of_the_source_is_not_asked_for_again(pipeline: Pipeline) -> None:
    assert "source_version" not in pipeline.parameters
    pulled = Record({**RECORDS["pull_data"].parameters, "source_version": 'etag:"3f2a"'})
    with pytest.raises(PinionError, match="pull_data was run with source_version=") as refused:
        parameters_of(pipeline, {**RECORDS, "pull_data": pulled})
    assert "this pipeline has no parameter for source_version" in str(refused.value)


def test_a_step_without_a_record_is_skipped(pipeline: Pipeline) -> None:
    assert parameters_of(pipeline, {})["target"] == "diagnosis"
    assert list(outputs(pipeline, {})) == []
