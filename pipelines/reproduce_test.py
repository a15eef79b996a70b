"""What is refused before anything runs; real runs made again are in tests/reproduce_test.py."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from pipelines import reproduce
from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.models.store_testing import made_store
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release
from pipelines.pinning.releases import store as write
from pipelines.reproduction.replay import Origin, refuse_other_code
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

STEPS: Mapping[str, Any] = {
    "pull_data": {"parameters": {"source": "s3://tables/1.csv", "sha256": "5" * 64}},
    "preprocess": {"parameters": {"target": "y"}, "inputs": {"dataset": "d" * 64}},
    "train": {"parameters": {"model": "ridge"}, "outputs": {"metrics": "3" * 64}},
    "evaluate": {"parameters": {"thresholds": {}}, "outputs": {"predictions": "7" * 64}},
}
TAGS = {"pinion.release": "1.4.0", "pinion.component.train": "0.2.0"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> MlflowClient:
    """Return a store with a registered model."""
    folder = tmp_path_factory.mktemp("store")
    uri = made_store(folder)
    client = MlflowClient(uri, uri)
    client.create_registered_model("churn")
    client.create_experiment("customers", artifact_location=(folder / "artifacts").as_uri())
    return client


def register(client: MlflowClient, steps: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    """Register a version whose run has records of these steps; a string is a damaged record."""
    experiment = client.get_experiment_by_name("customers")
    assert experiment
    run = client.create_run(experiment.experiment_id, tags=dict(tags)).info.run_id
    for step, document in steps.items():
        text = document if isinstance(document, str) else json.dumps(document)
        client.log_text(run, text, f"lineage/{step}.json")
    version = client.create_model_version("churn", source="/models/1", run_id=run)
    return f"churn/{version.version}"


def call(store: MlflowClient, model: str, output: Path) -> int:
    where = ["--mlflow-tracking-uri", store.tracking_uri, "--output", str(output)]
    return reproduce.main([model, *where])


def without(*names: str) -> dict[str, Any]:
    return {name: step for name, step in STEPS.items() if name not in names}


@pytest.mark.parametrize(
    ("steps", "tags", "message"),
    [
        pytest.param(
            {},
            TAGS,
            r"has no recorded lineage: its run .* inputs of pull_data, preprocess, train,",
            id="made before it was recorded",
        ),
        pytest.param(
            without("preprocess", "evaluate"),
            TAGS,
            "does not record the inputs of preprocess, evaluate;",
            id="in part",
        ),
        pytest.param(
            {**STEPS, "train": "{"},
            TAGS,
            r"lineage/train.json of the MLflow run \w+ is not a step's record",
            id="damaged",
        ),
        pytest.param({**STEPS, "train": "[]"}, TAGS, "is not a step's record", id="a list"),
        pytest.param(
            {**STEPS, "train": {"inputs": [1]}},
            TAGS,
            "must be objects",
            id="no object",
        ),
        pytest.param(STEPS, {}, r"churn/\d+ has no release: its steps were", id="by hand"),
        pytest.param(
            STEPS,
            TAGS,
            r"was made by release 1\.4\.0, which this clone does not have; run git pull, or",
            id="another repository",
        ),
    ],
)
def test_what_cannot_be_made_again(
    store: MlflowClient,
    tmp_path: Path,
    steps: Mapping[str, Any],
    tags: Mapping[str, str],
    message: str,
) -> None:
    model = register(store, steps, tags)
    with pytest.raises(PinionError, match=message):
        call(store, model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_version_of_elsewhere_or_of_nowhere(store: MlflowClient, tmp_path: Path) -> None:
    version = store.create_model_version("churn", source="/models/1").version
    with pytest.raises(
        PinionError, match=f"churn/{version} has no run to repeat: it was registered without"
    ):
        call(store, f"churn/{version}", tmp_path)
    with pytest.raises(PinionError, match="churn has no version 999"):
        call(store, "churn/999", tmp_path)


def release(workspace: Workspace, digit: str) -> None:
    """Write a release 1.4.0 of one component; its image has a digest of only that digit."""
    image = ImageReference("host:5000/pinion/train", "0.2.0", f"sha256:{digit * 64}")
    train = Locked("0.2.0", image, "s1:c", "s1:a", "f00d", Signature({}, {}), {})
    executors = {"exec-train": {"container": {"image": str(image)}}}
    text = json.dumps({"deploymentSpec": {"executors": executors}}).encode()
    write(workspace, Release(Lock("1.4.0", "host:5000", sha256(text), {"train": train}), text))


@pytest.mark.parametrize(
    ("recorded", "differing"),
    [
        pytest.param({"train": f"0.2.0@sha256:{'a' * 64}"}, "", id="the same"),
        pytest.param(
            {"train": f"0.2.0@sha256:{'b' * 64}"},
            r"train 0\.2\.0@sha256:a{64} \(recorded: 0\.2\.0@sha256:b{64}\); it was made at git"
            " commit 0123abc",
            id="another image of the version",
        ),
        pytest.param(
            {"train": f"0.2.0@sha256:{'a' * 64}", "judge": "1.0.0"},
            r"judge missing \(recorded: 1\.0\.0\); it",
            id="one more",
        ),
        pytest.param({}, r"train 0\.2\.0@sha256:a{64} \(recorded: none\); it", id="none"),
    ],
)
def test_a_release_of_the_same_tag_is_not_yet_the_same(
    tmp_path: Path, recorded: dict[str, str], differing: str
) -> None:
    workspace = Workspace(tmp_path)
    release(workspace, "a")
    origin = Origin("churn/3", "1.4.0", recorded, "0123abc", {}, {})
    if not differing:
        refuse_other_code(workspace, origin)
        return
    has = "churn/3 was made by other components than those of release 1.4.0 in this clone: "
    with pytest.raises(PinionError, match=has + differing):
        refuse_other_code(workspace, origin)
