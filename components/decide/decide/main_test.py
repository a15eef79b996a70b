"""The step as a user calls it: the decision and the reason, with a real registry."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decide.conftest import Decide, Registry, document, free_port

RNG = np.random.default_rng(3)


def table(rows: int = 3000, **changes: Any) -> dict[str, Any]:
    """Return rows of the same kind each time, or with columns that changed."""
    ages = RNG.normal(40, 12, rows)
    cities = RNG.choice(["Berlin", "Rome", "Kyiv"], rows, p=[0.5, 0.3, 0.2]).tolist()
    return {"income": ages * 9, "age": ages, "city": cities} | changes


BEFORE = document(table(), dataset="d-old")
NEW = document(table())


@pytest.fixture(scope="module")
def champion(local: Registry) -> str:
    """Return a champion of the table of before, made by the default parameters and this code."""
    return local.champion("tumour", BEFORE, RECIPE)


# What the parameters of the profile above, the defaults, and the code above give.
RECIPE = "fb5a171c3939735e-4ee007894144806c"


def test_always_trains_without_asking_anyone(decide: Decide) -> None:
    outcome = decide(NEW, champion="tumour/3", mlflow_tracking_uri="http://127.0.0.1:1")
    assert (outcome.code, outcome.retrain, outcome.why) == (0, "true", "forced")
    assert outcome.recipe == RECIPE
    assert (outcome.drift["compared"], outcome.drift["columns"]) == (False, [])
    assert "<h1>Train: the policy is always, so nothing was compared</h1>" in outcome.page


def test_without_a_champion_there_is_a_first_model(decide: Decide) -> None:
    outcome = decide(NEW, policy="on_drift", mlflow_tracking_uri="http://127.0.0.1:1")
    assert (outcome.code, outcome.retrain, outcome.why) == (0, "true", "no_champion")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({}, "refused_before", id="the same"),
        pytest.param({"thresholds": '{"rmse": 3.0}'}, "refused_before", id="as text"),
        pytest.param({"dataset": "d-2"}, "no_champion", id="data"),
        pytest.param({"recipe": RECIPE[:-1]}, "no_champion", id="recipe"),
        pytest.param({"thresholds": {"rmse": 4}}, "no_champion", id="thresholds"),
        pytest.param({"compare_with": "tumour/2"}, "no_champion", id="compare_with"),
    ],
)
def test_a_candidate_that_was_refused_is_not_trained_again(
    decide: Decide, change: dict[str, Any], why: str
) -> None:
    refused = {
        "dataset": "d-new", "recipe": RECIPE, "thresholds": {"rmse": 3}, "compare_with": "",
    } | change  # fmt: skip
    outcome = decide(
        NEW, policy="on_change", refused=json.dumps([refused]), thresholds='{"rmse": 3.0}'
    )
    assert (outcome.why, outcome.retrain) == (why, str(why == "no_champion").lower())


@pytest.mark.parametrize("policy", ["on_change", "on_drift"])
def test_the_same_data_and_recipe_are_not_trained_again_however_old(
    local: Registry, decide: Decide, champion: str, policy: str
) -> None:
    for expired, why in (("false", "same_data"), ("true", "same_data, max_age passed")):
        outcome = decide(
            BEFORE,
            champion=champion,
            policy=policy,
            expired=expired,
            mlflow_tracking_uri=local.uri,
        )
        assert (outcome.retrain, outcome.why) == ("false", why)
        assert outcome.drift["compared"] is False


SHIFTED = {"age": RNG.normal(50, 12, 3000)}
HALF_MISSING = {"age": np.where(RNG.random(3000) < 0.5, np.nan, RNG.normal(40, 12, 3000))}
NEW_CITY = {"city": RNG.choice(["Berlin", "Rome", "Kyiv", "Lviv"], 3000).tolist()}


@pytest.mark.parametrize(
    ("changes", "flags", "why"),
    [
        pytest.param({}, {}, "no_drift max ", id="nothing"),
        pytest.param({}, {"expired": "true"}, "max_age", id="age"),
        pytest.param({}, {"policy": "on_change"}, "new_data", id="on change"),
        pytest.param(SHIFTED, {}, "drift:age wasserstein=0.8", id="shift"),
        pytest.param(SHIFTED, {"limits": '{"age": false}'}, "no_drift max ", id="left out"),
        pytest.param(SHIFTED, {"limits": '{"wasserstein": 9}'}, "drift:age psi=0.6", id="limit"),
        pytest.param(HALF_MISSING, {}, "drift:age psi=4.", id="missing"),
        pytest.param({"age": [None] * 3000}, {}, "drift:age psi=1", id="all missing"),
        pytest.param(NEW_CITY, {}, "drift:city psi=2.", id="category"),
        pytest.param({"age": ["young"] * 3000}, {}, "schema:column age is category", id="kind"),
        pytest.param({"pet": [1.0] * 3000}, {}, "schema:column pet new", id="new column"),
        pytest.param({}, {"seed": 7}, "parameters", id="parameters"),
        pytest.param({}, {"test_fraction": 0.25}, "parameters", id="split"),
    ],
)
def test_what_differs_from_the_champion_is_the_reason(
    local: Registry,
    decide: Decide,
    champion: str,
    changes: dict[str, Any],
    flags: dict[str, Any],
    why: str,
) -> None:
    given = {"policy": "on_drift", "champion": champion, "mlflow_tracking_uri": local.uri}
    outcome = decide(document(table(**changes)), **(given | flags))
    assert outcome.why.startswith(why), outcome
    assert outcome.retrain == str(not why.startswith("no_drift")).lower()
    assert outcome.drift["compared"] is True


def test_the_other_reasons_of_a_schema_and_a_recipe(
    local: Registry,
    decide: Decide,
    champion: str,
) -> None:
    flags = {"policy": "on_drift", "champion": champion, "mlflow_tracking_uri": local.uri}
    gone = {name: values for name, values in table().items() if name != "city"}
    assert decide(document(gone), **flags).why == "schema:column city gone"
    assert decide(document(table(), target="age"), **flags).why == (
        "schema:target is age, was income"
    )
    read_otherwise = document(table(), parameters="p-2", dataset="d-old")
    assert decide(read_otherwise, **flags).why == "parameters"
    assert decide(NEW, **flags, code="another release").why == "release"


@pytest.mark.parametrize(
    "profile", [pytest.param(None, id="none"), pytest.param(BEFORE, id="no recipe")]
)
def test_a_champion_of_an_older_release_is_replaced(
    registry: Registry, decide: Decide, profile: dict[str, Any] | None
) -> None:
    champion = registry.champion("old", profile)
    flags = {"policy": "on_drift", "champion": champion, "mlflow_tracking_uri": registry.uri}
    outcome = decide(NEW, **flags)
    why = "release" if profile else "no_profile"
    assert (outcome.code, outcome.retrain, outcome.why) == (0, "true", why)


def test_a_champion_without_a_run_has_no_profile(registry: Registry, decide: Decide) -> None:
    registry.client.create_registered_model("by hand")
    registry.client.create_model_version("by hand", "s3://bucket/model", await_creation_for=0)
    outcome = decide(NEW, champion="by hand/1", policy="on_drift", mlflow_tracking_uri=registry.uri)
    assert (outcome.retrain, outcome.why) == ("true", "no_profile")


def test_a_registry_that_does_not_answer_is_no_missing_champion(
    decide: Decide, tmp_path: Path
) -> None:
    for address, words in (
        (f"http://127.0.0.1:{free_port()}", "cannot be reached; is the server running there?"),
        (f"sqlite:///{tmp_path}/new.db", f"there is no MLflow store {tmp_path}/new.db; give"),
    ):
        outcome = decide(NEW, champion="tumour/1", policy="on_change", mlflow_tracking_uri=address)
        failed(outcome, words)


def test_a_champion_that_was_deleted_meanwhile_is_a_failure(
    registry: Registry, decide: Decide
) -> None:
    champion = registry.champion("brief", BEFORE)
    registry.client.delete_model_version("brief", "1")
    flags = {"policy": "on_drift", "mlflow_tracking_uri": registry.uri}
    failed(decide(NEW, champion=champion, **flags), "does not have models:/brief/1; it has changed")
    champion = registry.champion("brief", BEFORE)
    other = decide(NEW, champion=f"{champion}@m-1", **flags)
    failed(other, "has s3://bucket/model as models:/brief/2, not the model m-1; it has changed")


def test_a_store_of_artifacts_that_fails_is_no_missing_profile(
    registry: Registry, decide: Decide
) -> None:
    champion = registry.champion("lost", BEFORE)
    run_id = registry.client.get_model_version("lost", "1").run_id or ""
    (file,) = registry.artifacts.rglob(f"{run_id}/artifacts/profile.json")
    flags = {"champion": champion, "policy": "on_drift", "mlflow_tracking_uri": registry.uri}
    whole = file.read_text()
    file.write_text(whole[:50])
    failed(decide(NEW, **flags), "the profile of the champion models:/lost/1 cannot be read from")
    file.unlink()
    # The run says by a tag that it has a profile.
    failed(decide(NEW, **flags), "the profile of the champion models:/lost/1 cannot be read from")
    file.parent.rmdir()
    failed(decide(NEW, **flags), "train once with the policy always")


def failed(outcome: Any, words: str) -> None:
    assert (outcome.code, outcome.why, outcome.drift) == (1, "", {})
    assert words in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ({"policy": "weekly"}, "--policy: 'weekly' is not a policy; give one of always, on_ch"),
        ({"expired": "30d"}, "--expired: '30d' is neither true nor false"),
        ({"champion": "tumour"}, "--champion: 'tumour' is not a model version; give NAME/VE"),
        ({"refused": '[{"dataset": "d"}]'}, "lacks recipe, thresholds, compare_with"),
        ({"refused": '["d"]'}, "is not a JSON list of objects"),
        ({"limits": '{"age": 0.5}'}, "--limits: 'age' is not a measure (psi, js, wasserstein)"),
        ({"limits": '{"age": {"ks": 1}}'}, "--limits: 'ks' is not a measure; the measures are"),
        ({"limits": '{"psi": -1}'}, "--limits: -1 is not a limit of psi; give a number that"),
    ],
)
def test_a_wrong_call_is_told(decide: Decide, flags: dict[str, str], complaint: str) -> None:
    outcome = decide(NEW, **flags)
    assert (outcome.code, outcome.why) == (2, "")
    assert complaint in outcome.err


def test_a_limit_of_no_column_is_a_wrong_call(
    local: Registry, decide: Decide, champion: str
) -> None:
    flags = {"champion": champion, "policy": "on_drift", "mlflow_tracking_uri": local.uri}
    outcome = decide(NEW, limits='{"agee": false}', **flags)
    assert outcome.code == 2
    assert "--limits: 'agee' is neither a measure (psi, js, wasserstein) nor a column; the" in (
        outcome.err
    )


def test_a_profile_of_another_format_is_named(decide: Decide) -> None:
    outcome = decide(NEW | {"format": 2})
    failed(outcome, "not a profile (format is 2, not 1); give the profile that preprocess wrote")


LIGHT = """
import sys
from decide.__main__ import main

code = main(sys.argv[1:])
print([name for name in ("mlflow", "numpy", "scipy", "sqlalchemy") if name in sys.modules])
sys.exit(code)
"""


def test_always_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "profile").write_text(json.dumps(NEW))
    outputs = ("retrain", "why", "recipe", "drift", "drift-report")
    flags = [f"--{name}={tmp_path / name}" for name in ("profile", *outputs)]
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, *flags],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "retrain: true"
    assert done.stdout.splitlines()[-1] == "[]"
