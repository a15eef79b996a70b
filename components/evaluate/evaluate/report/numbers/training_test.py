from collections.abc import Callable
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run

from evaluate.conftest import Store
from evaluate.report.numbers import training
from evaluate.report.numbers.training import read_training

Made = Callable[..., str]


@pytest.fixture()
def made(store: Store) -> Made:
    """Make a run with parameters and metrics, and return its id."""

    def make(params: dict[str, str], metrics: dict[str, float], **more: Any) -> str:
        run_id: str = store.client.create_run(store.experiment, **more).info.run_id
        store.client.log_batch(
            run_id,
            metrics=[Metric(name, value, 0, 0) for name, value in metrics.items()],
            params=[Param(name, value) for name, value in params.items()],
        )
        return run_id

    return make


def read(client: MlflowClient, run_id: str, metric: str = "accuracy") -> dict[str, Any]:
    run: Run = client.get_run(run_id)
    return read_training(client, run, metric)


def test_the_folds_have_a_mean_and_a_spread(store: Store, made: Made) -> None:
    metrics = {"cv_accuracy_mean": 0.9, "cv_accuracy_std": 0.02, "cv_f1_mean": 0.5}
    run_id = made({"cv_folds": "4"}, metrics)

    assert read(store.client, run_id) == {
        "metric": "accuracy",
        "mean": 0.9,
        "std": 0.02,
        "folds": "4",
        "best_trial": "",
        "trials": [],
    }


def test_the_trials_of_a_search_are_in_their_order_and_by_its_metric(
    store: Store, made: Made
) -> None:
    searched = {"search.method": "random", "search.metric": "f1", "search.best_trial": "10"}
    run_id = made(searched, {"cv_f1_mean": 0.8, "cv_accuracy_mean": 0.9})
    mine = {"mlflow.parentRunId": run_id}
    for number, mean in ((10, 0.8), (2, 0.6)):
        made({}, {"cv_f1_mean": mean}, tags=mine, run_name=f"trial {number}")
    made({}, {}, tags=mine, run_name="trial 3")  # one that failed
    made({}, {"cv_f1_mean": 1.0}, run_name="trial 1")  # one of another run

    found = read(store.client, run_id)

    assert (found["metric"], found["best_trial"]) == ("f1", "10")
    assert found["trials"] == [{"number": 2, "mean": 0.6}, {"number": 10, "mean": 0.8}]


def test_all_trials_of_a_long_search_count(
    store: Store, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_PAGE", 2)
    run_id = made({"search.method": "random"}, {"cv_accuracy_mean": 0.8})
    for number in range(1, 6):
        tags = {"mlflow.parentRunId": run_id}
        made({}, {"cv_accuracy_mean": number / 10}, tags=tags, run_name=f"trial {number}")

    assert [each["number"] for each in read(store.client, run_id)["trials"]] == [1, 2, 3, 4, 5]


def test_of_a_halving_search_only_the_trials_on_all_rows_count(store: Store, made: Made) -> None:
    run_id = made({"search.method": "halving"}, {"cv_accuracy_mean": 0.8})
    mine = {"mlflow.parentRunId": run_id}
    for number, rows in ((1, 100), (2, 300), (3, 300)):
        metrics = {"cv_accuracy_mean": number / 10, "rows": rows}
        made({}, metrics, tags=mine, run_name=f"trial {number}")

    assert [each["number"] for each in read(store.client, run_id)["trials"]] == [2, 3]


def test_a_run_of_another_tool_has_no_training(store: Store, made: Made) -> None:
    assert read(store.client, made({}, {"accuracy": 0.9})) == {}
