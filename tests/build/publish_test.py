"""Publish one small component with interruptions, refusals and a password."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.components.sbom import MEDIA_TYPE
from pipelines.registry.client import Registry as Client
from pipelines.registry.referrers import Referrers
from tests.build.pinion import Tree, manifest, states, versions_of
from tests.build.services import Registry
from tests.build.tree import ROOT, environment

pytestmark = pytest.mark.docker

USER, PASSWORD = "publisher", "two words"
# The protocol of Docker's credential helpers: one verb as argument, JSON in and out.
HELPER = """\
#!/bin/sh
case $1 in
store) cat > "{store}" ;;
get) cat "{store}" 2>/dev/null || {{ echo "credentials not found in native keychain"; exit 1; }} ;;
esac
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """Return a tree that uses a registry which does not exist."""
    fresh = Tree.fresh(tmp_path_factory.mktemp("publish") / "tree", "localhost:1")
    with fresh.served() as tree:
        yield tree


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of all registries: compressing a layer to push it takes seconds."""
    return tmp_path_factory.mktemp("registry")


@pytest.fixture()
def empty(layers: Path) -> Iterator[Registry]:
    server = Registry(layers)
    server.forget_images()
    with server:
        yield server


@pytest.fixture()
def locked(layers: Path) -> Iterator[Registry]:
    server = Registry(layers, USER, PASSWORD)
    server.forget_images()
    with server:
        yield server


# The first test, because its registry has no layers yet.
def test_the_next_publish_completes_a_killed_one(tree: Tree, empty: Registry) -> None:
    arguments = ["register", "pull_data", "--registry", empty.address]
    python = str(ROOT / ".venv" / "bin" / "python")
    command = [python, "-m", "pipelines.publish", *arguments]
    with subprocess.Popen(
        command,
        cwd=tree.folder,
        env=environment(),
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    ) as running:
        while not pushed(empty, tree) and running.poll() is None:
            # Each check takes a request per component, and a push takes seconds.
            time.sleep(0.2)
        os.killpg(running.pid, signal.SIGKILL)
    before = pushed(empty, tree)
    again = states(tree.run("publish", *arguments))
    assert {image for image, state in again.items() if state == "exists"} == set(before)
    assert len(pushed(empty, tree)) == 2
    for name in ("register", "pull_data"):
        assert name.replace("_", "-") in str(sbom(empty, tree, name)["metadata"])


def sbom(registry: Registry, tree: Tree, name: str) -> dict[str, Any]:
    """Return the SBOM that is attached to the image of a component."""
    repository, version = f"pinion/{name.replace('_', '-')}", versions_of(tree.folder)[name]
    client = Client(registry.address)
    image = client.find(repository, version)
    assert image is not None
    document = json.loads(Referrers(client, repository, image.digest).find(MEDIA_TYPE) or b"{}")
    listed = {(each["name"], each["version"]) for each in document["components"]}
    assert set(image.content.requirements.items()) <= listed
    return dict(document)


def test_publishing_again_attaches_a_missing_sbom(tree: Tree, empty: Registry) -> None:
    arguments = ["register", "--registry", empty.address]
    version = versions_of(tree.folder)["register"]
    first = tree.run("publish", *arguments)
    assert f"\npinion/register:{version}: SBOM attached\n" in first.stdout
    before = sbom(empty, tree, "register")
    empty.forget_referrers("pinion/register")
    again = tree.run("publish", *arguments)
    assert states(again) == {f"register:{version}": "exists"}
    assert f"\npinion/register:{version}: SBOM attached\n" in again.stdout
    assert sbom(empty, tree, "register") == before
    assert "SBOM" not in tree.run("publish", *arguments).stdout


def pushed(registry: Registry, tree: Tree) -> list[str]:
    """Return the images that are complete in a registry."""
    found = []
    for name, version in versions_of(tree.folder).items():
        dashed = name.replace("_", "-")
        try:
            manifest(registry, f"pinion/{dashed}", version)
        except OSError:
            continue
        found.append(f"{dashed}:{version}")
    return found


def test_a_dry_run_pushes_nothing(tree: Tree, empty: Registry) -> None:
    done = tree.run("publish", "register", "--dry-run", "--registry", empty.address)
    assert states(done) == {f"register:{versions_of(tree.folder)['register']}": "new"}
    assert pushed(empty, tree) == []


def test_the_working_tree_is_pushed_under_a_name_of_its_own(tree: Tree, empty: Registry) -> None:
    done = tree.run("publish", "register", "--dev", "--registry", empty.address)
    version = versions_of(tree.folder)["register"]
    (image,) = states(done)
    assert image.startswith(f"register:{version}-dev.")
    assert pushed(empty, tree) == []
    compiled = tree.run("compile", "dev", "--registry", empty.address)
    assert compiled.code == 0, compiled.stderr
    assert f"image: {empty.address}/pinion/{image}\n" in (tree.folder / "pipeline.yaml").read_text()


def test_a_registry_that_is_down_is_reported(tree: Tree, empty: Registry) -> None:
    empty.stop()
    done = tree.run("publish", "register", "--registry", empty.address)
    assert done.code == 1
    assert done.stderr == (
        f"pipelines.publish: error: registry {empty.address} does not answer (connection refused);"
        " start it, or choose another with --registry\n"
    )
    empty.start()
    assert tree.run("publish", "register", "--dry-run", "--registry", empty.address).code == 0


def test_an_engine_that_is_down_is_reported(tree: Tree, empty: Registry) -> None:
    done = tree.run(
        "publish", "register", "--registry", empty.address, DOCKER_HOST="tcp://127.0.0.1:1"
    )
    assert done.code == 1
    assert "Pants failed; see its messages above" in done.error
    assert "Cannot connect to the Docker daemon" in done.stderr


def test_a_foreign_image_is_refused(tree: Tree, empty: Registry, tmp_path: Path) -> None:
    foreign = f"{empty.address}/pinion/register:{versions_of(tree.folder)['register']}"
    (tmp_path / "file").write_text("foreign\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY file /\n")
    for command in (["docker", "build", "-q", "-t", foreign, "."], ["docker", "push", foreign]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    done = tree.run("publish", "register", "--registry", empty.address)
    assert done.code == 1
    assert f"{foreign} does not describe itself as a component's image" in done.error


@pytest.mark.parametrize("store", ["file", "helper"])
def test_publishing_uses_the_password_of_docker_login(
    tree: Tree, locked: Registry, tmp_path: Path, store: str
) -> None:
    settings = {"DOCKER_CONFIG": str(tmp_path / "docker"), "PATH": os.environ["PATH"]}
    (tmp_path / "docker").mkdir()
    if store == "helper":
        helper = tmp_path / "bin" / "docker-credential-tested"
        helper.parent.mkdir()
        helper.write_text(HELPER.format(store=tmp_path / "stored"))
        helper.chmod(0o755)
        config = tmp_path / "docker" / "config.json"
        config.write_text(json.dumps({"credsStore": "tested"}))
        settings["PATH"] = f"{helper.parent}:{settings['PATH']}"
    arguments = ["register", "--registry", locked.address]

    stranger = tree.run("publish", *arguments, **settings)
    assert stranger.code == 1
    assert stranger.error.endswith(f"401 Unauthorized; run: docker login {locked.address}")

    subprocess.run(
        ["docker", "login", "--username", USER, "--password-stdin", locked.address],
        input=PASSWORD, text=True, check=True, capture_output=True,
        env={**os.environ, **settings},
    )  # fmt: skip
    known = tree.run("publish", *arguments, **settings)
    assert list(states(known).values()) == ["pushed"]
    assert PASSWORD not in known.stdout + known.stderr
