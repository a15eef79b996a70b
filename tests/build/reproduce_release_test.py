"""Run a published release by its tag, and reproduce the model in a clone that has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.images import docker
from tests.build.pinion import Finished, Tree, versions_of
from tests.build.shared import Shared

pytestmark = pytest.mark.docker

MODEL = "pinion-model/1"
MOVED_ON = ("train", "evaluate")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of all runs, with the MLflow store beside them."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def clone(released: Tree, runs: Path, shared: Shared) -> Iterator[Tree]:
    """Return a clone that ran the release in freshly pulled images, and now has other code."""
    cloned = released.cloned(runs.parent / f"{runs.name}-clone")
    # Under another name of the registry, no image is on this machine yet, as on any other machine.
    # Other tests use those that are here at the same time.
    with Tree(cloned.folder, f"127.0.0.1:{shared.registry.port}").served() as tree:
        tree.move_release("1.0.0", released.registry)
        done = tree.run("run", *where(runs), "--release=1.0.0", "--runner=docker", "--register")
        assert done.code == 0, done.stderr
        assert done.stderr.count("pulling ") == len(versions_of(tree.folder))
        assert shown(done, "registered") == f"models:/{MODEL}"
        for name in MOVED_ON:
            tree.edit(f"components/{name}/{name}/__init__.py", '"""', '"""Moved on. ')
        tree.commit("Move on")
        yield tree
        docker("rmi", "--force", "--no-prune", *images(tree))


def images(tree: Tree) -> list[str]:
    """Return the images of the release."""
    return [each["image"] for each in tree.locked("1.0.0").values()]


def where(runs: Path) -> list[str]:
    return ["--output", str(runs)]


def reproduce(tree: Tree, runs: Path, *arguments: str) -> Finished:
    store = f"--mlflow-tracking-uri=sqlite:///{runs}/mlflow.db"
    return tree.run("reproduce", MODEL, store, *where(runs), *arguments)


def shown(finished: Finished, label: str) -> str:
    """Return the text after a label in the output of a command."""
    (line,) = (line for line in finished.stdout.splitlines() if line.startswith(f"{label} "))
    return line.removeprefix(label).strip()


def test_a_model_is_reproduced_in_images_in_a_changed_clone(clone: Tree, runs: Path) -> None:
    again = reproduce(clone, runs, "--runner=docker")
    assert again.code == 0, again.stderr
    assert shown(again, "verdict") == "identical"
    ran = Path(shown(again, "run folder")) / "pipeline.yaml"
    released = clone.folder / "pipelines" / "releases" / "1.0.0" / "pipeline.yaml"
    assert ran.read_bytes() == released.read_bytes()
    assert not (clone.folder / "dist").exists(), "something was built for a run in images"


def test_a_model_is_reproduced_as_processes_in_a_changed_clone(clone: Tree, runs: Path) -> None:
    again = reproduce(clone, runs)
    assert again.code == 0, again.stderr
    assert shown(again, "verdict") == "identical"
