"""What an SQLite file says of a registration is what MLflow would find and do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from register.conftest import Run, Store, Train, Trained, arguments
from register.evaluation import read_evaluation
from register.in_place import registered
from register.model import read_model_folder, version_tags
from register.registry import register_model

Scene = Callable[[Store, Train, Trained, Run, str], object]


def nothing(_s: Store, _t: Train, _trained: Trained, _r: Run, _n: str) -> None:
    """Leave the model as it was trained."""


def once(_s: Store, _t: Train, trained: Trained, step: Run, name: str) -> None:
    step(trained, registered_model_name=name)


def elsewhere(_s: Store, _t: Train, trained: Trained, step: Run, name: str) -> None:
    step(trained, registered_model_name=f"not {name}")


def without_alias(_s: Store, _t: Train, trained: Trained, step: Run, name: str) -> None:
    step(trained, registered_model_name=name, alias="")


def overtaken(_s: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    step(trained, registered_model_name=name)
    step(train(), registered_model_name=name)


def second(_s: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    step(train(), registered_model_name=name)
    step(trained, registered_model_name=name)


def twice(store: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    """Register a duplicate, as a process that died leaves it."""
    second(store, train, trained, step, name)
    tags = {"pinion.model_id": trained.model_id}
    store.client.create_model_version(name, f"models:/{trained.model_id}", trained.run_id, tags)


def deleted(store: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    second(store, train, trained, step, name)
    store.client.delete_model_version(name, "2")


def one_of_two_deleted(store: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    twice(store, train, trained, step, name)
    store.client.delete_model_version(name, "3")


def all_deleted(store: Store, _t: Train, trained: Trained, step: Run, name: str) -> None:
    step(trained, registered_model_name=name)
    store.client.delete_registered_model(name)


def rolled_back(store: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    second(store, train, trained, step, name)
    store.client.set_registered_model_alias(name, "champion", "1")


def rolled_back_and_told(
    store: Store, train: Train, trained: Trained, step: Run, name: str
) -> None:
    rolled_back(store, train, trained, step, name)
    move = json.dumps({"alias": "champion", "before": 2})
    store.client.set_registered_model_tag(name, "pinion.history.2026", move)


def alias_removed(store: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    second(store, train, trained, step, name)
    store.client.delete_registered_model_alias(name, "champion")


def untagged(store: Store, train: Train, trained: Trained, step: Run, name: str) -> None:
    second(store, train, trained, step, name)
    store.client.delete_model_version_tag(name, "2", "pinion.run_id")


def unlinked(store: Store, _t: Train, trained: Trained, step: Run, name: str) -> None:
    step(trained, registered_model_name=name)
    store.client.set_logged_model_tags(trained.model_id, {"mlflow.modelVersions": "[]"})


@pytest.mark.parametrize(
    ("scene", "is_in_place"),
    [
        pytest.param(nothing, False, id="no version"),
        pytest.param(elsewhere, False, id="under another name"),
        pytest.param(without_alias, False, id="without the alias"),
        pytest.param(once, True, id="one version"),
        pytest.param(second, True, id="the second version"),
        pytest.param(overtaken, True, id="a newer version"),
        pytest.param(twice, False, id="a duplicate"),
        pytest.param(one_of_two_deleted, True, id="a duplicate that was deleted"),
        pytest.param(deleted, False, id="a version that was deleted"),
        pytest.param(all_deleted, False, id="a name that was deleted"),
        pytest.param(rolled_back, True, id="an alias that somebody moved back"),
        pytest.param(rolled_back_and_told, True, id="an alias that promote moved back"),
        pytest.param(alias_removed, False, id="an alias that was removed"),
        pytest.param(untagged, False, id="a tag that was removed"),
        pytest.param(unlinked, False, id="a link that was removed"),
    ],
)
def test_the_file_says_what_mlflow_finds(
    store: Store,
    train: Train,
    register_step: Run,
    request: pytest.FixtureRequest,
    scene: Scene,
    is_in_place: bool,
) -> None:
    trained, name = train(run_tags={"pinion.dataset.sha256": "abc"}), request.node.callspec.id
    scene(store, train, trained, register_step, name)
    model, result = read_model_folder(trained.folder), read_evaluation(trained.evaluation)

    found = registered(store.uri, name, "champion", model, result, "")
    assert (found is not None) == is_in_place
    versions = [] if scene in (nothing, elsewhere, all_deleted) else store.versions(name)

    tags = version_tags(model, {"pinion.dataset.sha256": "abc"}, os.environ, "")
    asked = register_model(store.client, name, "champion", model, tags, result)
    assert found in (None, asked)
    if found:
        assert store.versions(name) == versions
    assert registered(store.uri, name, "champion", model, result, "") is not None


NO_MLFLOW = """
import sys
from register.__main__ import main

code = main(sys.argv[1:])
print([name for name in ("mlflow", "sqlalchemy") if name in sys.modules])
sys.exit(code)
"""


def test_a_repetition_in_a_file_does_without_mlflow(
    store: Store, train: Train, register_step: Run, tmp_path: Path
) -> None:
    trained = train()
    register_step(trained, registered_model_name="fast")

    done = subprocess.run(
        [
            *(sys.executable, "-c", NO_MLFLOW),
            *arguments(trained, store.uri, tmp_path / "out", registered_model_name="fast"),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "already registered as models:/fast/1 (champion)\n[]\n"
    assert (tmp_path / "out" / "version").read_text() == "1"
