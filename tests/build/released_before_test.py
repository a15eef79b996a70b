"""A release from before content hashes existed still runs in its images, and keeps its pins."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.components.sbom import MEDIA_TYPE
from pipelines.registry.client import Registry as Client
from pipelines.registry.referrers import Referrers
from tests.build.images import docker
from tests.build.pinion import Tree
from tests.build.services import Registry
from tests.build.tree import ROOT

pytestmark = pytest.mark.docker

# The files as they were released, the wiring of that time, and the descriptions in its images.
BEFORE = ROOT / "tests" / "golden" / "released_before"
TAG = "0.9.0"


# The steps of that time had these flags, and train had no profile of the data. The programs of
# today get what they need instead.
FLAGS_OF_THEN = """\
#!/app/bin/python3
import json, os, sys, tempfile

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
for name in ("--registered-model-name", "--alias"):
    given.pop("NAME" == "evaluate" and name, None)
for step, then, today in (
    ("evaluate", "--metrics", "--test-metrics"),
    ("preprocess", "--report", "--data-summary"),
):
    if step == "NAME":
        given[today] = given.pop(then)
if "NAME" == "train":
    from pyarrow.parquet import read_schema

    schema = json.load(open(given["--schema"]))
    dataset = read_schema(given["--train-data"]).metadata[b"pinion.sha256"].decode()
    target = schema["target"]["name"]
    columns = {target: {"kind": "text", "rows": 1, "missing": 0}}
    about = {"target": target, "task": schema["task"], "rows": 1, "columns": columns}
    file, given["--profile"] = tempfile.mkstemp()
    document = {"format": 1, "dataset": dataset, "parameters": "none", **about}
    os.write(file, json.dumps(document).encode())
os.execv("/app/today", ["/app/today", *(word for pair in given.items() for word in pair)])
"""
OF_THEN = ("evaluate", "preprocess", "train")


def locked() -> dict[str, dict[str, Any]]:
    """Return the components in its lock."""
    components: dict[str, dict[str, Any]]
    components = yaml.safe_load((BEFORE / "lock.yaml").read_text())["components"]
    return components


def image_of(released: Tree, registry: Registry, folder: Path, name: str) -> str:
    """Push an image that describes itself as images did then; return its digest."""
    context = folder / name
    shutil.copytree(BEFORE / name, context / "component")
    (context / "flags").write_text(FLAGS_OF_THEN.replace("NAME", name))
    (context / "flags").chmod(0o755)
    then = "USER root\nRUN mv /app/pex /app/today\nCOPY flags /app/pex\nUSER 1000\n"
    (context / "Dockerfile").write_text(
        f"FROM {released.locked('1.0.0')[name]['image']}\n"
        f"{then if name in OF_THEN else ''}"
        "LABEL dev.pinion.content= dev.pinion.runs=\n"
        "COPY component /app/component\n"
    )
    tag = f"{registry.address}/pinion/{name.replace('_', '-')}:{locked()[name]['version']}"
    docker("build", "--quiet", "--tag", tag, str(context))
    docker("push", "--quiet", tag)
    listed = docker("image", "inspect", "--format", "{{json .RepoDigests}}", tag)
    (digest,) = (
        each.partition("@")[2] for each in json.loads(listed) if each.startswith(registry.address)
    )
    return digest


def attach_sbom(registry: Registry, name: str, digest: str) -> None:
    """Attach an SBOM as `publish` did then, without the parts that nothing reads."""
    packages: dict[str, str] = locked()[name]["requirements"]
    document = {"components": [{"name": n, "version": v} for n, v in packages.items()]}
    repository = f"pinion/{name.replace('_', '-')}"
    attached = Referrers(Client(registry.address), repository, digest)
    attached.attach(MEDIA_TYPE, json.dumps(document).encode())


@pytest.fixture(scope="module")
def registry(copied: Registry) -> Registry:
    """Return a registry that has the layers already, because pushing them takes a minute."""
    return copied


@pytest.fixture(scope="module")
def tree(
    released: Tree, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tree]:
    """Return a clone with the release, whose images are in that registry."""
    folder = tmp_path_factory.mktemp("before")
    clone = Tree(released.cloned(folder / "tree").folder, registry.address)
    # Today's wiring passes inputs that these components do not have.
    wiring = clone.folder / "pipelines" / "training" / "pipeline.py"
    shutil.copyfile(BEFORE / "pipeline.py.txt", wiring)
    # There were no such components, and no list of choices.
    for name in ("resolve", "decide"):
        shutil.rmtree(clone.folder / "components" / name)
    choices = wiring.with_name("choices.py")
    choices.write_text(f"{choices.read_text()}\nCHOICES = {{}}\n")
    lock, pipeline = ((BEFORE / name).read_text() for name in ("lock.yaml", "pipeline.yaml"))
    before = hashlib.sha256(pipeline.encode()).hexdigest()
    for name, component in locked().items():
        digest = image_of(released, registry, folder / "images", name)
        attach_sbom(registry, name, digest)
        there = component["image"].partition("@")[2]
        lock, pipeline = (text.replace(there, digest) for text in (lock, pipeline))
    lock, pipeline = (text.replace("localhost:5000", registry.address) for text in (lock, pipeline))
    lock = lock.replace(before, hashlib.sha256(pipeline.encode()).hexdigest())
    body = lock.rpartition("checksum: ")[0]
    to = clone.folder / "pipelines" / "releases" / TAG
    to.mkdir()
    (to / "pipeline.yaml").write_text(pipeline)
    (to / "lock.yaml").write_text(f"{body}checksum: {hashlib.sha256(body.encode()).hexdigest()}\n")
    clone.commit(f"Release {TAG}")
    yield clone
    docker("rmi", "--force", *(each["image"] for each in clone.locked(TAG).values()))


def test_the_release_runs_in_its_images(tree: Tree, tmp_path: Path) -> None:
    done = tree.run(
        "run", "--release", TAG, "--runner", "docker", "--register", "--output", str(tmp_path)
    )
    assert done.code == 0, done.stderr
    assert re.search(r"^registered +models:/pinion-model/1$", done.stdout, re.MULTILINE)


def test_a_run_as_processes_says_what_to_do_instead(tree: Tree) -> None:
    done = tree.run("run", "--release", TAG)
    assert done.code == 1
    assert done.error.endswith(
        "which was released before releases recorded their commit; run it in its image"
        " (--runner docker)"
    )


def test_the_next_release_keeps_its_pins(tree: Tree) -> None:
    shutil.rmtree(tree.folder / "pipelines" / "releases" / "1.0.0")
    done = tree.run("release", "0.9.1", "--dry-run")
    assert done.code == 0, done.stderr
    for name, component in locked().items():
        assert f"\n{name}: {component['version']} unchanged" in done.stdout


def test_the_release_is_verified(tree: Tree) -> None:
    done = tree.run("release", "--verify", TAG)
    assert done.code == 0, done.stderr
