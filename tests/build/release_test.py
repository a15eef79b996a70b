"""From an empty registry to a second release, and what happens if someone tampers with either."""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.build.pinion import Finished, Tree, manifest, states, versions_of
from tests.build.services import Registry

pytestmark = pytest.mark.docker

CODE = "components/evaluate/evaluate/__init__.py"
# An input that only train has.
OF_TRAIN = 'train_data=split.outputs["train_data"]'


@pytest.fixture(scope="module")
def registry(copied: Registry) -> Registry:
    """Return a registry that the tests may tamper with."""
    return copied


@pytest.fixture(scope="module")
def tree(
    released: Tree, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tree]:
    """Return a clone in which all components are published unchanged and released as 1.0.0."""
    cloned = released.cloned(tmp_path_factory.mktemp("clone") / "tree")
    with Tree(cloned.folder, registry.address).served() as tree:
        tree.move_release("1.0.0", released.registry)
        yield tree


@pytest.fixture(scope="module")
def second(tree: Tree) -> Tree:
    """Change one line of evaluate, publish it as the next version, and release 1.1.0."""
    now = versions_of(tree.folder)["evaluate"]
    change(tree)
    tree.bump("evaluate", now, raised(now))
    refused = tree.run("publish")
    assert_refused(refused, "publish", "evaluate has uncommitted changes", "commit them first")
    tree.commit("Change evaluate")
    published = states(tree.run("publish"))
    assert [image for image, state in published.items() if state == "pushed"] == [
        f"evaluate:{raised(now)}"
    ]
    done = tree.run("release", "1.1.0", f"evaluate=={raised(now)}")
    assert done.code == 0, done.stderr
    tree.commit("Release 1.1.0")
    tree.git("tag", "1.1.0")
    return tree


@pytest.fixture()
def scratch(second: Tree) -> Iterator[Tree]:
    """Return the tree after its second release, and restore it after the test."""
    yield second
    second.git("reset", "--quiet", "--hard")
    second.git("clean", "--quiet", "--force", "-d")


def change(tree: Tree) -> None:
    with (tree.folder / CODE).open("a") as file:
        file.write("CHANGED = True\n")


def raised(version: str) -> str:
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


def release_file(tree: Tree, tag: str, name: str) -> Path:
    return tree.folder / "pipelines" / "releases" / tag / name


def images(tree: Tree, tag: str) -> dict[str, str]:
    executors = yaml.safe_load(release_file(tree, tag, "pipeline.yaml").read_text())[
        "deploymentSpec"
    ]["executors"]
    return {name: executor["container"]["image"] for name, executor in executors.items()}


def assert_refused(finished: Finished, command: str, *parts: str, code: int = 1) -> None:
    assert finished.code == code, finished.stdout + finished.stderr
    assert finished.error.startswith(f"pipelines.{command}: error: ")
    for part in parts:
        assert part in finished.error


def test_a_release_pins_every_image_by_version_and_digest(tree: Tree, registry: Registry) -> None:
    pinned = images(tree, "1.0.0")
    assert len(pinned) == len(versions_of(tree.folder))
    for image in pinned.values():
        reference, _, digest = image.partition("@")
        name, _, version = reference.removeprefix(f"{registry.address}/").partition(":")
        head = subprocess.run(
            ["curl", "--silent", "--head", f"http://{registry.address}/v2/{name}/manifests/{version}",
             "--header", "Accept: application/vnd.docker.distribution.manifest.v2+json"],
            check=True, capture_output=True, text=True,
        ).stdout.lower()  # fmt: skip
        assert f"docker-content-digest: {digest}" in head


def test_a_second_call_pushes_nothing(tree: Tree) -> None:
    again = tree.run("publish")
    assert set(states(again).values()) == {"exists"}
    assert again.stderr == ""


def test_an_existing_release_is_not_made_again(tree: Tree) -> None:
    before = release_file(tree, "1.0.0", "lock.yaml").read_bytes()
    again = tree.run("release", "1.0.0")
    assert again.stdout.endswith("release 1.0.0 already exists, unchanged\n")
    assert release_file(tree, "1.0.0", "lock.yaml").read_bytes() == before


def test_an_unpublished_version_is_refused(tree: Tree, registry: Registry) -> None:
    done = tree.run("release", "1.0.1", "train==7.8.9", "register==4.5.6")
    assert_refused(
        done, "release", f"not in {registry.address}: register 4.5.6, train 7.8.9", "publish first"
    )
    assert not release_file(tree, "1.0.1", "lock.yaml").exists()


def test_only_the_changed_component_differs_between_releases(second: Tree) -> None:
    before, after = images(second, "1.0.0"), images(second, "1.1.0")
    assert [name for name in before if before[name] != after[name]] == ["exec-evaluate"]


def test_a_new_version_adds_only_a_few_kilobytes(second: Tree, registry: Registry) -> None:
    now = versions_of(second.folder)["evaluate"]
    before = release_versions(second, "1.0.0")["evaluate"]
    known = {layer["digest"] for layer in manifest(registry, "pinion/evaluate", before)["layers"]}
    new = [
        layer
        for layer in manifest(registry, "pinion/evaluate", now)["layers"]
        if layer["digest"] not in known
    ]
    assert 0 < sum(layer["size"] for layer in new) < 500_000
    assert len(new) <= 2


def release_versions(tree: Tree, tag: str) -> dict[str, str]:
    return {name: each["version"] for name, each in tree.locked(tag).items()}


def test_an_old_release_compiles_to_the_same_bytes_in_a_new_clone_offline(
    second: Tree, tmp_path: Path
) -> None:
    attached = subprocess.run(
        ["git", "show", "1.0.0:pipelines/releases/1.0.0/pipeline.yaml"],
        cwd=second.folder,
        check=True,
        capture_output=True,
    ).stdout
    new = Tree(second.cloned(tmp_path / "new").folder, "nowhere.invalid:5000")
    done = new.run("compile", "1.0.0", "--output", str(tmp_path / "pipeline.yaml"), PATH="")
    assert done.code == 0, done.stderr
    assert (tmp_path / "pipeline.yaml").read_bytes() == attached


def test_the_difference_is_printed_and_nothing_written(scratch: Tree) -> None:
    older = release_versions(scratch, "1.0.0")["evaluate"]
    newer = release_versions(scratch, "1.1.0")["evaluate"]
    done = scratch.run("release", "1.2.0", f"evaluate=={older}", "--dry-run")
    assert f"\nevaluate: {newer} -> {older}\n  digest: sha256:" in done.stdout
    assert f"\ntrain: {release_versions(scratch, '1.1.0')['train']} unchanged\n" in done.stdout
    assert f"add evaluate=={newer}" in done.stderr
    assert "other wiring" not in done.stdout
    assert not release_file(scratch, "1.2.0", "lock.yaml").exists()


def test_a_release_with_other_content_is_refused(scratch: Tree) -> None:
    older = release_versions(scratch, "1.0.0")["evaluate"]
    assert_refused(
        scratch.run("release", "1.1.0", f"evaluate=={older}"),
        "release", "release 1.1.0 exists with other content (evaluate: ", "choose another tag",
    )  # fmt: skip


def test_changed_code_needs_a_new_version_everywhere(scratch: Tree, registry: Registry) -> None:
    now = versions_of(scratch.folder)["evaluate"]
    change(scratch)
    checked = scratch.run("versions")
    assert_refused(checked, "versions", f"evaluate/pyproject.toml: {now} was released with other")
    published = scratch.run("publish")
    assert_refused(
        published,
        "publish",
        f"{registry.address}/pinion/evaluate:{now} is published with other content: ",
        "raise the version in components/evaluate/pyproject.toml",
    )
    there, here = re.findall(r"(s1:[0-9a-f]{64}) (?:there|here)", published.error)
    assert there == scratch.locked("1.1.0")["evaluate"]["content"] != here


def test_a_release_runs_as_processes_whatever_is_in_the_tree(scratch: Tree, tmp_path: Path) -> None:
    code = scratch.folder / "components" / "resolve" / "resolve" / "__init__.py"
    code.write_text("raise SystemExit('of the working tree')\n")
    # Whole runs of a release in a changed clone are in reproduce_release_test.py; here its first
    # step is enough.
    given = ("--param", f"source={tmp_path}/absent.csv", "--output", str(tmp_path / "runs"))
    done = scratch.run("run", "--release", "1.1.0", *given)
    assert_refused(done, "run", "step 'resolve' failed", f"{tmp_path}/absent.csv")


def test_a_release_whose_commit_is_missing_says_what_to_do(second: Tree, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    second.git("clone", "--quiet", "--depth=1", f"file://{second.folder}", str(shallow))
    commit = second.locked("1.1.0")["train"]["commit"]
    done = Tree(shallow, second.registry).run("run", "--release", "1.1.0")
    assert_refused(
        done, "run", f"this clone does not have the commit {commit}", "git fetch", "--runner docker"
    )


def test_a_release_with_the_commit_of_other_code_is_refused(scratch: Tree) -> None:
    lock = release_file(scratch, "1.1.0", "lock.yaml")
    older, newer = (scratch.locked(tag)["evaluate"]["commit"] for tag in ("1.0.0", "1.1.0"))
    body = lock.read_text().replace(newer, older).rpartition("checksum: ")[0]
    lock.write_text(f"{body}checksum: {hashlib.sha256(body.encode()).hexdigest()}\n")
    done = scratch.run("run", "--release", "1.1.0")
    assert_refused(done, "run", f"commit {older} has other code than was released", "docker")


def test_the_working_tree_is_never_a_published_image(scratch: Tree) -> None:
    change(scratch)
    done = scratch.run("compile", "dev", "--output", "pipeline.yaml")
    assert done.code == 0, done.stderr
    text = (scratch.folder / "pipeline.yaml").read_text()
    assert not [image for image in images(scratch, "1.1.0").values() if image in text]
    assert f"pinion/evaluate:{versions_of(scratch.folder)['evaluate']}-dev." in text


def test_an_interface_break_needs_a_major_version(scratch: Tree) -> None:
    now = versions_of(scratch.folder)["evaluate"]
    major, minor, _ = now.split(".")
    interface = "components/evaluate/component.yaml"
    scratch.edit(interface, "inputs:\n", "inputs:\n  - {name: extra, type: Integer}\n")
    scratch.edit(interface, "args:\n", "args:\n      - {inputValue: extra}\n")
    scratch.bump("evaluate", now, f"{major}.{int(minor) + 1}.0")
    assert_refused(
        scratch.run("versions"),
        "versions", "needs a major version: input 'extra' is new and required",
    )  # fmt: skip


def test_a_lowered_version_is_noticed(scratch: Tree) -> None:
    now = versions_of(scratch.folder)["evaluate"]
    scratch.bump("evaluate", now, "0.0.9")
    assert_refused(scratch.run("versions"), "versions", f"0.0.9 is lower than {now}")


@pytest.mark.parametrize("name", ["lock.yaml", "pipeline.yaml"])
def test_an_edited_file_of_a_release_is_noticed(scratch: Tree, name: str) -> None:
    path = f"pipelines/releases/1.0.0/{name}"
    scratch.edit(path, release_versions(scratch, "1.0.0")["evaluate"], "9.9.9")
    for command in ("compile", "run"):
        arguments = ["1.0.0"] if command == "compile" else ["--release", "1.0.0"]
        assert_refused(scratch.run(command, *arguments), command, f"{path} was edited")
    assert_refused(scratch.run("versions"), "versions", f"{path} was edited")


def test_a_forged_release_differs_from_its_git_tag(scratch: Tree) -> None:
    folder = "pipelines/releases/1.0.0"
    pipeline, lock = (scratch.folder / folder / name for name in ("pipeline.yaml", "lock.yaml"))
    before = hashlib.sha256(pipeline.read_bytes()).hexdigest()
    scratch.edit(f"{folder}/pipeline.yaml", "enableCache: true", "enableCache: false")
    after = hashlib.sha256(pipeline.read_bytes()).hexdigest()
    body = lock.read_text().replace(before, after).rpartition("checksum: ")[0]
    lock.write_text(f"{body}checksum: {hashlib.sha256(body.encode()).hexdigest()}\n")
    assert scratch.run("compile", "1.0.0").code == 0
    checked = scratch.run("versions")
    assert_refused(checked, "versions", "1.0.0/pipeline.yaml differs from that of git tag 1.0.0")
    assert "1.0.0/lock.yaml differs from that of git tag 1.0.0" in checked.stderr


@pytest.mark.parametrize(
    ("wired", "message"),
    [
        pytest.param("folds=seed", "unexpected keyword argument", id="an unknown input"),
        pytest.param("cv_folds=source", "the input 'cv_folds' of component 'train'", id="a type"),
    ],
)
def test_wiring_that_does_not_fit_is_reported_with_step_and_input(
    scratch: Tree, wired: str, message: str
) -> None:
    scratch.edit("pipelines/training/pipeline.py", OF_TRAIN, f"{OF_TRAIN}, {wired}")
    done = scratch.run("release", "1.2.0")
    assert_refused(done, "release", "step 'train' (train ", message, wired.partition("=")[0])
    assert not release_file(scratch, "1.2.0", "lock.yaml").exists()


def test_changed_wiring_needs_a_new_release(scratch: Tree) -> None:
    scratch.edit("pipelines/training/pipeline.py", "seed: int = 42", "seed: int = 43")
    evaluate = f"evaluate=={release_versions(scratch, '1.1.0')['evaluate']}"
    assert_refused(scratch.run("release", "--verify", "1.1.0"), "release", "compiles to another")
    again = scratch.run("release", "1.1.0", evaluate)
    assert_refused(again, "release", "release 1.1.0 exists with other content (other wiring)")
    done = scratch.run("release", "1.2.0", "--dry-run")
    assert done.code == 0, done.stderr
    assert "the pipeline: other wiring" in done.stdout


def test_an_intact_release_is_verified(scratch: Tree) -> None:
    done = scratch.run("release", "--verify", "1.1.0")
    assert done.code == 0, done.stderr
    assert done.stdout == "release 1.1.0: lock, pipeline and images are as released\n"


def test_a_tag_that_was_pushed_again_is_noticed(scratch: Tree, registry: Registry) -> None:
    repository = f"{registry.address}/pinion/register"
    version = versions_of(scratch.folder)["register"]
    honest = next(image for image in images(scratch, "1.1.0").values() if "register" in image)
    forged = subprocess.run(
        ["docker", "build", "--quiet", "-"],
        input=f"FROM {honest}\nLABEL forged=yes\n",
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    try:
        push(forged, f"{repository}:{version}")
        for arguments in (["--verify", "1.1.0"], ["1.3.0"], ["1.0.1", f"register=={version}"]):
            done = scratch.run("release", *arguments)
            assert_refused(done, "release", f"register:{version} was pushed again: sha256:")
    finally:
        subprocess.run(["docker", "pull", "--quiet", honest], check=True, capture_output=True)
        push(honest, f"{repository}:{version}")
    assert scratch.run("release", "--verify", "1.1.0").code == 0


def test_a_missing_sbom_is_noticed_and_published_again(scratch: Tree, registry: Registry) -> None:
    registry.forget_referrers("pinion/preprocess")
    for arguments in (["--verify", "1.1.0"], ["1.3.0"]):
        done = scratch.run("release", *arguments)
        version = release_versions(scratch, "1.1.0")["preprocess"]
        assert_refused(done, "release", f"preprocess {version} has no SBOM in {registry.address}")
    assert "SBOM attached" in scratch.run("publish", "preprocess").stdout
    assert scratch.run("release", "--verify", "1.1.0").code == 0


def test_show_lists_the_releases_that_contain_a_package(scratch: Tree) -> None:
    numpy = scratch.locked("1.1.0")["train"]["requirements"]["numpy"]
    done = scratch.run("show", "--containing", f"numpy=={numpy}", PATH="")
    assert done.code == 0, done.stderr
    assert re.search(rf"^release +1\.0\.0: numpy {numpy} in decide ", done.stdout, re.MULTILINE)
    assert re.search(rf"^release +1\.1\.0: numpy {numpy} in decide ", done.stdout, re.MULTILINE)


def push(image: str, tag: str) -> None:
    for command in (["docker", "tag", image, tag], ["docker", "push", "--quiet", tag]):
        subprocess.run(command, check=True, capture_output=True)
