import hashlib
from math import nan
from pathlib import Path

import pytest

from pipelines.compiled.container import ArtifactType
from pipelines.compiled.graph import Pipeline
from pipelines.models.records import Record
from pipelines.reproduction.comparison import Row, compare, equal_metrics, table, verdict
from pipelines.runner.task.backend import Artifact, TaskFailedError, Values
from pipelines.system.workspace import ROOT

OLD, NEW = "a" * 64, "b" * 64
SAME = [
    Row("pull_data", "dataset", OLD, OLD),
    Row("preprocess", "train_data", "c" * 64, "c" * 64),
    Row("train", "metrics", "d" * 64, "d" * 64),
    Row("evaluate", "predictions", "e" * 64, "e" * 64),
]
FAILURE = TaskFailedError("train", "out of memory (exit 1)")


def changed(place: int, again: str | None) -> list[Row]:
    """Return the rows with another hash at one place; after a failed step there are no hashes."""
    old = SAME[place]
    behind = [Row(e.step, e.output, e.recorded, again and e.again) for e in SAME[place + 1 :]]
    return [*SAME[:place], Row(old.step, old.output, old.recorded, again), *behind]


@pytest.mark.parametrize(
    ("rows", "failure", "metrics", "same", "words"),
    [
        pytest.param(SAME, None, True, True, "identical", id="identical"),
        # The run's metrics may include some that somebody added later.
        pytest.param(
            SAME, None, False, True, "identical", id="identical but for metrics that others added"
        ),
        pytest.param(
            changed(3, NEW),
            None,
            True,
            True,
            "equal metrics: predictions differ in bytes, each metric is within 1e-06 of its value",
            id="equal metrics",
        ),
        pytest.param(
            changed(3, NEW),
            None,
            False,
            False,
            f"differs from step 'evaluate' on: the SHA-256 of predictions was {'e' * 64}"
            f" and is {NEW}",
            id="other predictions",
        ),
        pytest.param(
            changed(1, NEW),
            None,
            True,
            False,
            f"differs from step 'preprocess' on: the SHA-256 of train_data was {'c' * 64}"
            f" and is {NEW}",
            id="other data is another model",
        ),
        pytest.param(
            changed(2, None),
            FAILURE,
            False,
            False,
            "differs from step 'train' on: 'train' failed: out of memory (exit 1)",
            id="a failure",
        ),
        pytest.param(
            [*changed(0, NEW)[:2], *changed(2, None)[2:]],
            FAILURE,
            False,
            False,
            f"differs from step 'pull_data' on: the SHA-256 of dataset was {OLD} and is {NEW}",
            id="a difference before the failure",
        ),
    ],
)
def test_the_verdict_explains_the_first_difference(
    rows: list[Row], failure: TaskFailedError | None, metrics: bool, same: bool, words: str
) -> None:
    assert verdict(rows, failure, metrics) == (same, words)


@pytest.mark.parametrize(
    ("again", "equal"),
    [
        pytest.param({"r2": 0.5, "rmse": 60.0}, True, id="the same"),
        pytest.param({"r2": 0.5, "rmse": 60.00005}, True, id="within a millionth"),
        pytest.param({"r2": 0.5, "rmse": 60.0001}, False, id="more than a millionth apart"),
        pytest.param({"r2": 0.5}, False, id="one less"),
        pytest.param({"r2": 0.5, "rmse": 60.0, "mae": 1.0}, False, id="one more"),
        pytest.param({"r2": nan, "rmse": 60.0}, False, id="not a number"),
    ],
)
def test_metrics_within_the_tolerance_are_equal(again: dict[str, float], equal: bool) -> None:
    assert equal_metrics({"r2": 0.5, "rmse": 60.0}, again) is equal
    assert equal_metrics(again, {"r2": 0.5, "rmse": 60.0}) is equal


def test_nan_equals_nan() -> None:
    assert equal_metrics({"r2": nan}, {"r2": nan})


def test_files_and_records_of_both_runs_are_compared(tmp_path: Path) -> None:
    pipeline = Pipeline.load(ROOT / "tests" / "golden" / "training.yaml")
    (tmp_path / "dataset").write_bytes(b"PAR1")
    made = Artifact(str(tmp_path / "dataset"), ArtifactType("system.Dataset", "0.0.1"))
    recorded = {
        "preprocess": Record(inputs={"dataset": hashlib.sha256(b"PAR1").hexdigest()}),
        "train": Record(inputs={"train_data": OLD}, outputs={"metrics": OLD}),
        "evaluate": Record(outputs={"predictions": OLD}),
    }
    again = {"evaluate": Record(outputs={"predictions": NEW})}
    rows = compare(pipeline, recorded, again, {"pull-data": Values({}, {"dataset": made})})
    assert [(row.step, row.output, row.same, row.again) for row in rows] == [
        ("pull_data", "dataset", True, hashlib.sha256(b"PAR1").hexdigest()),
        ("preprocess", "train_data", False, None),
        ("train", "metrics", False, None),
        ("evaluate", "predictions", False, NEW),
    ]


def test_the_table_marks_differences() -> None:
    assert list(table(changed(1, NEW)[:2])) == [
        "step        output      recorded      again",
        "pull_data   dataset     aaaaaaaaaaaa  aaaaaaaaaaaa",
        "preprocess  train_data  cccccccccccc  bbbbbbbbbbbb  differs",
    ]
    assert list(table(changed(0, None)[:1]))[1].endswith("  not made")
