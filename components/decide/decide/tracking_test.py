"""The numbers in MLflow, by which the course of drift is a plot."""

import numpy as np
import pytest

from decide.conftest import Decide, Registry, Table, document
from decide.tracking import safe_names

RNG = np.random.default_rng(5)


def test_each_comparison_is_a_run_with_the_measures_by_column(
    registry: Registry, decide: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINION_PIPELINE_RUN", "run-7")
    ages = RNG.normal(40, 12, 900)
    cities = ["Rome"] * 450
    before = document({"age": ages, "city (now)": cities + ["Kyiv"] * 450}, dataset="d-old")
    champion = registry.champion("followed", before)
    flags = {
        "policy": "on_drift",
        "champion": champion,
        "experiment": "ages of all",
        "mlflow_tracking_uri": registry.uri,
    }
    now: Table = {"age": ages + 12, "city (now)": cities + ["Lviv"] * 450}
    for dataset in ("d-1", "d-2"):
        assert decide(document(now, dataset=dataset), **flags).why == "release"
    decide(before, **flags)

    place = registry.client.get_experiment_by_name("ages of all-drift")
    assert place is not None
    _, newest, oldest = registry.client.search_runs([place.experiment_id])
    metrics = oldest.data.metrics
    assert set(metrics) == {
        "psi/age", "wasserstein/age", "psi/city _now_", "js/city _now_",
        "psi/max", "js/max", "wasserstein/max",
    }  # fmt: skip
    assert metrics["wasserstein/age"] == pytest.approx(12 / ages.std(), rel=1e-6)
    assert metrics["psi/max"] == metrics["psi/city _now_"] > metrics["psi/age"]
    tags = {name: text for name, text in oldest.data.tags.items() if name[:7] == "pinion."}
    assert tags == {
        "pinion.champion": "followed/1",
        "pinion.dataset": "d-1",
        "pinion.pipeline_run": "run-7",
        "pinion.why": "release",
    }
    assert newest.data.tags["pinion.dataset"] == "d-2"
    note = oldest.data.tags["mlflow.note.content"]
    assert note.startswith("**Train**: `release`. Compared with `followed/1`.\n\n| column |")
    assert f"\n| `city (now)` | psi | {metrics['psi/city _now_']:.4g} | 0.2 |" in note.replace(
        "&emsp;", ""
    )
    assert oldest.info.run_name == "run7 decide"
    assert {newest.info.status, oldest.info.status} == {"FINISHED"}


def test_a_write_that_fails_is_a_failure(registry: Registry, decide: Decide) -> None:
    before = document({"age": RNG.normal(40, 12, 900)}, dataset="d-old")
    champion = registry.champion("unwritable", before)
    registry.client.delete_experiment(registry.client.create_experiment("gone-drift"))
    outcome = decide(
        document({"age": RNG.normal(40, 12, 900)}),
        champion=champion,
        policy="on_drift",
        experiment="gone",
        mlflow_tracking_uri=registry.uri,
    )
    assert (outcome.code, outcome.why) == (1, "")
    assert "the MLflow experiment 'gone-drift' was deleted; restore it" in outcome.err
    assert outcome.err.count("\n") == 1


def test_names_that_mlflow_refuses_are_made_safe_and_stay_different() -> None:
    names = safe_names(["größe cm", "a/b", "a b", "x%", "x?", "max", "n" * 300])
    assert (names["größe cm"], names["a/b"], names["a b"]) == ("größe cm", "a_b", "a b")
    assert (names["x%"], names["x?"], names["max"]) == ("x_-fc7fe4", "x_-074ab1", "max-9baf3a")
    assert len(names["n" * 300]) == 220
    assert safe_names(["max", "x?", "x%"])["x?"] == names["x?"]
