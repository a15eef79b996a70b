import json
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression, LogisticRegression

from evaluate.conftest import Example, Outcome, Run, Store

NO_WORSE = '{"roc_auc": {"min_absolute_change": 0.0}}'
SURE = '{"roc_auc": {"min_absolute_change": 0.0, "confidence": 0.95}}'


def read(outcome: Outcome) -> dict[str, Any]:
    assert outcome.exit_code == 0, outcome.stderr
    document: dict[str, Any] = json.loads(outcome.result.read_text())
    return document


def test_the_first_model_passes_with_a_note(forest: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(forest, thresholds=NO_WORSE)

    result = read(outcome)
    assert result["passed"] is True
    assert result["champion"] == {"version": None}
    (check,) = result["checks"]
    note = "there is no champion to compare with"
    assert (check["threshold"], check["note"]) == (None, note)
    assert outcome.stderr == f"evaluate: roc_auc: {note}\n"


@pytest.mark.parametrize("thresholds", [NO_WORSE, SURE], ids=["values", "confidence"])
def test_a_weak_a_strong_and_a_weak_model(
    forest: Example, skilled: Example, store: Store, evaluate_step: Run, thresholds: str
) -> None:
    name = f"people {len(thresholds)}"

    assert read(evaluate_step(forest, thresholds=thresholds))["passed"] is True
    weak = f"{name}/{store.register(forest, name)}@{forest.model_id}"
    strong = read(evaluate_step(skilled, thresholds=thresholds, compare_with=weak))
    better = f"{name}/{store.register(skilled, name)}"
    again = read(evaluate_step(forest, thresholds=thresholds, compare_with=better))
    # What has the alias by now does not count.
    assert read(evaluate_step(skilled, thresholds=thresholds, compare_with=weak)) == strong

    assert (strong["passed"], again["passed"]) == (True, False)
    assert [result["champion"]["name"] for result in (strong, again)] == [name, name]
    assert (strong["champion"]["version"], again["champion"]["version"]) == (1, 2)
    (up,), (down,) = strong["checks"], again["checks"]
    assert (up["value"], up["champion"]) == (down["champion"], down["value"])
    assert (up["threshold"], down["threshold"]) == (up["champion"], down["champion"])
    assert up["value"] == 1.0
    assert (up["confidence"], down["confidence"]) == (1.0, 0.0)
    # Measured again on these rows, not read from where the champion was trained.
    assert again["champion"]["metrics"] == strong["metrics"]


def test_the_champion_itself_is_no_worse_but_not_surely_better(
    skilled: Example, store: Store, evaluate_step: Run
) -> None:
    flags = {"compare_with": f"itself/{store.register(skilled, 'itself')}"}

    assert read(evaluate_step(skilled, thresholds=NO_WORSE, **flags))["passed"] is True
    (check,) = read(evaluate_step(skilled, thresholds=SURE, **flags))["checks"]
    assert (check["passed"], check["confidence"]) == (False, 0.5)
    assert check["reason"] == "the confidence in it is 0.5, below the 0.95 asked for"


def test_thresholds_and_changes_are_checked_side_by_side(
    forest: Example, skilled: Example, store: Store, evaluate_step: Run
) -> None:
    version = store.register(skilled, "side")
    thresholds = (
        '{"accuracy": 0.25, "log_loss": {"threshold": 2, "greater_is_better": false, '
        '"min_absolute_change": 0.1, "min_relative_change": 0.5}}'
    )

    outcome = evaluate_step(forest, thresholds=thresholds, compare_with=f"side/{version}")

    assert [check["passed"] for check in read(outcome)["checks"]] == [True, True, False, False]
    lines = outcome.stdout.splitlines()
    assert lines[-1] == "evaluation failed: 2 of 4 checks passed on 500 test rows"
    assert lines[3].endswith("(champion)  FAIL")


def test_without_a_change_nobody_is_asked(forest: Example, evaluate_step: Run) -> None:
    result = read(evaluate_step(forest, compare_with="nobody/7"))

    assert "champion" not in result


def log(store: Store, estimator: Any, frame: pd.DataFrame, target: str, task: str) -> Example:
    model = estimator.fit(frame.drop(columns=target), frame[target])
    return store.log(model, target, task, frame)


POINTS = pd.DataFrame({"x": [0.0, 1.0, 10.0, 11.0], "y": [3, 3, 8, 8]})


def _other_columns(store: Store) -> Example:
    return log(store, LogisticRegression(), POINTS.assign(z=1.0), "y", "classification")


def _other_target(store: Store) -> Example:
    frame = POINTS.rename(columns={"y": "label"})
    return log(store, LogisticRegression(), frame, "label", "classification")


def _other_classes(store: Store) -> Example:
    return log(store, LogisticRegression(), POINTS.assign(y=[3, 3, 9, 9]), "y", "classification")


def _other_task(store: Store) -> Example:
    return log(store, LinearRegression(), POINTS, "y", "regression")


def _edited(edit: Callable[[Path], object]) -> Callable[[Store], Example]:
    """Return a function that stores a comparable champion and then edits its files."""

    def make(store: Store) -> Example:
        example = log(store, LogisticRegression(), POINTS, "y", "classification")
        stored = store.client.get_logged_model(example.model_id).artifact_location
        edit(Path(stored.removeprefix("file://")))
        return example

    return make


def _newer(library: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        path = folder / "MLmodel"
        document = yaml.safe_load(path.read_text())
        document["flavors"]["sklearn"][library] = "2.4.0"
        path.write_text(yaml.safe_dump(document))

    return edit


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(_other_columns, "it has ['z'] that this model has not", id="columns"),
        pytest.param(_other_target, "its target is 'label', this model's is 'y'", id="target"),
        pytest.param(_other_classes, "its classes is [3, 9], this model's is [3, 8]", id="classes"),
        pytest.param(_other_task, "its task is 'regression'", id="task"),
        pytest.param(_edited(shutil.rmtree), "is not an MLflow model folder", id="no artifacts"),
        pytest.param(
            _edited(lambda folder: (folder / "model.skops").unlink()),
            "has no estimator file 'model.skops'",
            id="no estimator",
        ),
        pytest.param(
            _edited(lambda folder: (folder / "model.skops").write_bytes(b"no zip")),
            "cannot be loaded",
            id="damaged",
        ),
        pytest.param(
            _edited(_newer("sklearn_version")), "made with scikit-learn 2.4.0", id="newer sklearn"
        ),
    ],
)
def test_a_champion_that_cannot_be_compared_with_fails_the_check(
    store: Store,
    evaluate_step: Run,
    request: pytest.FixtureRequest,
    make: Callable[[Store], Example],
    reason: str,
) -> None:
    candidate = log(store, LogisticRegression(), POINTS, "y", "classification")
    name = request.node.callspec.id
    version = store.register(make(store), name)

    flags = {"thresholds": NO_WORSE, "compare_with": f"{name}/{version}"}
    contents = set()
    for _ in range(2):
        outcome = evaluate_step(candidate, **flags)
        contents.add(outcome.result.read_bytes())

    result = read(outcome)
    assert result["passed"] is False
    assert result["champion"]["version"] == version
    (check,) = result["checks"]
    assert check["reason"].startswith(
        f"the champion models:/{name}/{version} cannot be compared with: "
    )
    assert reason in check["reason"]
    assert outcome.stderr == f"evaluate: roc_auc: {check['reason']}\n"
    assert len(contents) == 1  # no temporary folder is named


def test_a_champion_whose_store_of_artifacts_has_no_client_fails_the_check(
    forest: Example, store: Store, evaluate_step: Run
) -> None:
    store.client.create_registered_model("elsewhere")
    store.client.create_model_version("elsewhere", "s3://bucket/model")

    outcome = evaluate_step(forest, thresholds=NO_WORSE, compare_with="elsewhere/1")

    (check,) = read(outcome)["checks"]
    assert check["passed"] is False
    assert "its files cannot be read (ModuleNotFoundError: " in check["reason"]


def test_a_store_of_models_that_is_away_is_no_verdict(
    forest: Example, skilled: Example, store: Store, evaluate_step: Run
) -> None:
    store.register(skilled, "away")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    mlflow.set_registry_uri(f"http://127.0.0.1:{port}")
    try:
        outcome = evaluate_step(forest, thresholds=NO_WORSE, compare_with="away/1")
    finally:
        mlflow.set_registry_uri("")

    assert outcome.exit_code == 1
    assert "cannot be reached; is the server running there" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not outcome.result.exists()


@pytest.mark.parametrize(
    ("compare_with", "complaint"),
    [
        pytest.param("gone/2", "does not have models:/gone/2; ", id="a deleted version"),
        pytest.param("gone/3", "does not have models:/gone/3; ", id="no such version"),
        pytest.param("never/1", "does not have models:/never/1; ", id="no such model"),
        pytest.param(
            "gone/1@m-other", "as models:/gone/1, not the model m-other; ", id="another model"
        ),
    ],
)
def test_a_champion_that_is_not_there_any_more_is_no_verdict(
    forest: Example,
    skilled: Example,
    store: Store,
    evaluate_step: Run,
    compare_with: str,
    complaint: str,
) -> None:
    if not store.client.search_registered_models("name = 'gone'"):
        store.register(forest, "gone")
        store.register(skilled, "gone")
        store.client.delete_model_version("gone", "2")

    outcome = evaluate_step(forest, thresholds=NO_WORSE, compare_with=compare_with)

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("evaluate: error: --compare-with: MLflow at sqlite:///")
    assert complaint in outcome.stderr
    assert "run the pipeline again" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert not outcome.result.exists()


@pytest.mark.parametrize("compare_with", ["tumour", "tumour/0", "tumour/latest", "a/b/1", "t/1@"])
def test_a_champion_that_cannot_be_named_is_a_wrong_call(
    forest: Example, evaluate_step: Run, compare_with: str
) -> None:
    outcome = evaluate_step(forest, thresholds=NO_WORSE, compare_with=compare_with)

    assert outcome.exit_code == 2
    assert f"--compare-with: {compare_with!r} is not a model version; give NAME/VERSION" in (
        outcome.stderr
    )
