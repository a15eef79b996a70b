"""What `decide` needs to know: the champion, its age, and the refused candidates."""

import json
import sqlite3
import time
from typing import Any

import pytest

from resolve.conftest import Registry, Resolve

RECIPE = "89ab" * 4 + "-" + "cdef" * 4
THRESHOLDS = {"roc_auc": {"min_absolute_change": 0.0}, "accuracy": 0.9}


@pytest.fixture()
def aged(registry: Registry) -> str:
    """Return a model whose champion is three hours old, and whose newest version is new."""
    name = f"aged {time.monotonic_ns()}"
    registry.client.create_registered_model(name)
    for _ in range(2):
        registry.add(name)
    registry.client.set_registered_model_alias(name, "champion", "1")
    with sqlite3.connect(registry.file.removeprefix("sqlite:///")) as database:
        database.execute(
            "UPDATE model_versions SET creation_time = creation_time - ? WHERE name = ?"
            " AND version = 1",
            (3 * 3600 * 1000, name),
        )
    database.close()
    return name


@pytest.mark.parametrize(
    ("max_age", "expired"),
    [("2h", "true"), ("179m", "true"), ("181m", "false"), ("1d", "false"), ("", "false")],
)
def test_a_champion_expires(
    resolve: Resolve, uri: str, aged: str, max_age: str, expired: str
) -> None:
    flags = {"registered_model_name": aged, "mlflow_tracking_uri": uri, "max_age": max_age}
    outcome = resolve(retrain="on_drift", **flags)
    assert (outcome.code, outcome.err) == (0, "")
    assert (outcome.champion, outcome.expired) == (f"{aged}/1", expired)
    # No threshold is a change from the champion.
    assert outcome.compare_with == ""
    assert f"expired: {expired}\n" in outcome.out
    for policy in ("always", ""):
        outcome = resolve(retrain=policy, **flags)
        assert (outcome.champion, outcome.expired) == ("", "false")


def test_what_does_not_exist_does_not_expire(resolve: Resolve, uri: str) -> None:
    outcome = resolve(
        retrain="on_change", registered_model_name="none", mlflow_tracking_uri=uri, max_age="1m"
    )
    assert (outcome.code, outcome.champion, outcome.expired) == (0, "", "false")


def refusal(dataset: str, compare_with: str = "") -> dict[str, object]:
    return {
        "dataset": dataset,
        "recipe": RECIPE,
        "thresholds": THRESHOLDS,
        "compare_with": compare_with,
    }


def evaluated(registry: Registry, experiment: str, verdict: str, refused: dict[str, object]) -> str:
    """Make a run as train and evaluate leave it; return its id."""
    gate = {key: refused[key] for key in ("compare_with", "thresholds")}
    tags = {
        "pinion.dataset": str(refused["dataset"]),
        "pinion.recipe": str(refused["recipe"]),
        "pinion.evaluation": verdict,
        "pinion.evaluation.gate": json.dumps(gate, sort_keys=True),
    }
    found = registry.client.get_experiment_by_name(experiment)
    place = found.experiment_id if found else registry.client.create_experiment(experiment)
    run_id: str = registry.client.create_run(place, tags=tags).info.run_id
    return run_id


def test_refused_candidates_are_named_once_and_in_order(
    registry: Registry, resolve: Resolve
) -> None:
    flags = {"retrain": "on_change", "experiment": "it's gated"}
    addresses = (registry.server, registry.file)

    def refused() -> str:
        texts = {resolve(**flags, mlflow_tracking_uri=uri).refused for uri in addresses}
        assert len(texts) == 1
        return texts.pop()

    assert refused() == "[]"
    for verdict, dataset in (("failed", "b7"), ("passed", "c0"), ("failed", "a5")):
        evaluated(registry, "it's gated", verdict, refusal(dataset, "tumour/3@m-1"))
    evaluated(registry, "elsewhere", "failed", refusal("d1"))
    gone = evaluated(registry, "it's gated", "failed", refusal("e2"))
    registry.client.delete_run(gone)
    before = refused()
    assert json.loads(before) == [refusal("a5", "tumour/3@m-1"), refusal("b7", "tumour/3@m-1")]

    # The same once more, and runs whose tags say nothing or are of another kind.
    evaluated(registry, "it's gated", "failed", refusal("b7", "tumour/3@m-1"))
    for tags in ({}, {"pinion.recipe": RECIPE, "pinion.dataset": "f3"}):
        by_hand = evaluated(registry, "it's gated", "failed", refusal("f3"))
        for key in ("pinion.dataset", "pinion.recipe", "pinion.evaluation.gate"):
            if key not in tags:
                registry.client.delete_tag(by_hand, key)
    registry.client.set_tag(by_hand, "pinion.evaluation.gate", "[1]")
    assert refused() == before
    assert json.loads(resolve(**flags, mlflow_tracking_uri=registry.file).refused)[0] == refusal(
        "a5", "tumour/3@m-1"
    )


def test_refused_candidates_may_be_in_the_experiment_of_the_plugin(
    registry: Registry, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_run = evaluated(registry, "of the plugin", "failed", refusal("a7"))

    def refused(experiment: str = "", uri: str = registry.server) -> list[Any]:
        outcome = resolve(retrain="on_change", experiment=experiment, mlflow_tracking_uri=uri)
        assert (outcome.code, outcome.err) == (0, "")
        found: list[Any] = json.loads(outcome.refused)
        return found

    without = refused()
    assert refusal("a7") not in without
    monkeypatch.setenv("MLFLOW_RUN_ID", task_run)
    assert refused() == [refusal("a7"), *without]
    assert (refused("other"), refused(uri=registry.file)) == ([], without)
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    assert refused() == without


def test_the_oldest_are_left_out_if_all_are_too_long_for_an_argument(
    registry: Registry, resolve: Resolve
) -> None:
    thresholds = {"accuracy": 0.9, "x" * 4500: 0.5}
    for number in range(8):
        refused = refusal(f"a{number}") | {"thresholds": thresholds}
        evaluated(registry, "many thresholds", "failed", refused)
    flags = {"retrain": "on_change", "experiment": "many thresholds"}
    found = json.loads(resolve(**flags, mlflow_tracking_uri=registry.file).refused)
    assert [each["dataset"] for each in found] == ["a2", "a3", "a4", "a5", "a6", "a7"]


def test_nobody_looks_for_refusals_if_every_run_trains(
    registry: Registry, resolve: Resolve
) -> None:
    evaluated(registry, "always", "failed", refusal("a5"))
    outcome = resolve(experiment="always", mlflow_tracking_uri="http://127.0.0.1:1")
    assert (outcome.code, outcome.refused) == (0, "[]")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        pytest.param(
            {"retrain": "weekly"},
            "--retrain: 'weekly' is not a policy; give one of always, on_change, on_drift",
            id="policy",
        ),
        *(
            pytest.param(
                {"max_age": text},
                f"--max-age: {text!r} is not an age; give a whole number with d, h or m for days,"
                " hours or minutes, such as 30d",
                id=text,
            )
            for text in ("30", "30 d", "0d", "-1d", "1.5h", "30days", "d", "100000d")
        ),
    ],
)
def test_what_cannot_be_meant_is_a_wrong_call(
    resolve: Resolve, flags: dict[str, str], complaint: str
) -> None:
    outcome = resolve(**flags)
    assert outcome.code == 2
    assert outcome.err == f"resolve: error: {complaint}; see --help\n"
