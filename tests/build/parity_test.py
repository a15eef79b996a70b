"""One release gives the same model when it runs as processes and in its images."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.build.images import Image
from tests.build.parity import facts, first_difference, installed_here, installed_in
from tests.build.pinion import Tree, versions_of
from tests.build.tree import ROOT
from tests.local_servers import s3_store, tracking_server
from tests.running import write_odd_table

pytestmark = pytest.mark.docker


def run(tree: Tree, output: Path, runner: str, *parameters: str, **changes: str) -> Path:
    """Run the release, and return the folder of the run."""
    flags = [part for parameter in parameters for part in ("--param", parameter)]
    where = ["--release", "1.0.0", "--runner", runner, "--output", str(output), "--register"]
    done = tree.run("run", *where, *flags, **changes)
    assert done.code == 0, done.stderr
    assert re.search(r"^registered +models:/pinion-model/\d+$", done.stdout, re.MULTILINE)
    (folder,) = output.glob("20*")
    return folder


@pytest.mark.parametrize("name", sorted(versions_of(ROOT)))
def test_an_image_contains_the_same_packages_as_the_process(released: Tree, name: str) -> None:
    image = Image(released.locked("1.0.0")[name]["image"])
    here, there = installed_here(released.folder, name), installed_in(image, name)
    assert f"SHA-256 of {name}/__main__.py" in here
    assert "SHA-256 of pinion_step/cli.py" in here
    assert len(here) > 20
    assert here == there


def test_both_runners_give_the_same_classification(released: Tree, tmp_path: Path) -> None:
    given = ("model=hist_gradient_boosting", "seed=7")
    process, docker = (
        facts(run(released, tmp_path / runner, runner, *given), released.folder)
        for runner in ("process", "docker")
    )
    assert len(process) > 50
    assert first_difference(process, docker) is None


def test_the_first_difference_is_named(released: Tree, tmp_path: Path) -> None:
    folder = run(released, tmp_path / "runs", "process", "model=logistic_regression")
    other = shutil.copytree(folder, tmp_path / "other")
    same = facts(folder, released.folder)
    metrics = other / "evaluate" / "test_metrics"
    accuracy = json.loads(metrics.read_text())["accuracy"]
    metrics.write_text(metrics.read_text().replace(str(accuracy), "0.123", 1))
    (other / "preprocess" / "schema").write_text("{}")

    changed = facts(other, released.folder)

    assert first_difference(same, same) is None
    named = first_difference(same, changed)
    assert named is not None
    assert named.startswith("SHA-256 of preprocess/schema is ")
    (other / "preprocess" / "schema").write_bytes((folder / "preprocess" / "schema").read_bytes())
    named = first_difference(same, facts(other, released.folder))
    assert named == f"evaluate/test_metrics: accuracy is {accuracy} in one and 0.123 in the other"


def test_an_old_release_runs_in_its_images_after_the_tree_has_changed(
    released: Tree, tmp_path: Path
) -> None:
    moved = released.cloned(tmp_path / "moved")
    moved.edit("components/train/train/__init__.py", '"""', '"""Moved on. ')
    folder = run(moved, tmp_path / "runs", "docker", "model=logistic_regression")
    assert not (moved.folder / "dist").exists(), "something was built for a run in images"
    owners = {path.stat().st_uid for path in folder.rglob("*")}
    assert owners == {folder.stat().st_uid}


# The same test with processes is in tests/run_test.py.
def test_odd_names_reach_the_images_unchanged(released: Tree, tmp_path: Path) -> None:
    target = '-t, "$(id)" `id`\n%s \\'
    source = tmp_path / "its 'own', $(id).csv"
    write_odd_table(source, target)

    folder = run(
        released, tmp_path / "its runs", "docker", f"source={source}", f"target={target}",
        "model=logistic_regression",
    )  # fmt: skip

    assert json.loads((folder / "preprocess" / "schema").read_text())["target"]["name"] == target


def test_images_can_reach_a_tracking_server_on_this_machine(released: Tree, tmp_path: Path) -> None:
    with tracking_server(tmp_path) as uri:
        folder = run(released, tmp_path / "runs", "docker", f"mlflow_tracking_uri={uri}", "seed=5")
        client = MlflowClient(uri)
        champion = client.get_model_version_by_alias("pinion-model", "champion")
        record = client.get_run(str(champion.run_id))
    assert record.data.params["seed"] == "5"
    assert list((tmp_path / "kept").rglob("MLmodel")), "the model was not stored behind the server"
    assert not (folder.parent / "mlflow.db").exists()


def test_both_runners_give_the_same_regression_of_an_object_in_a_store(
    released: Tree, tmp_path: Path
) -> None:
    table = released.folder / "components/pull_data/pull_data/samples/diabetes.csv"
    objects = {"tables/2026/its own.csv": table.read_bytes()}
    given = (
        "source=s3://tables/2026/its own.csv", "target=progression", "task=regression",
        "model=random_forest", 'model_params={"n_estimators": 20}',
    )  # fmt: skip
    found = []
    with s3_store(tmp_path, objects) as address:
        for runner in ("process", "docker"):
            folder = run(
                released, tmp_path / runner, runner, *given, AWS_ENDPOINT_URL=address,
                AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="none",  # noqa: S106
            )  # fmt: skip
            found.append(facts(folder, released.folder))
            pulled = (folder / "pull-data" / "dataset").read_bytes()
            assert hashlib.sha256(table.read_bytes()).hexdigest().encode() in pulled
    process, docker = found
    assert len(process) > 50
    assert first_difference(process, docker) is None
