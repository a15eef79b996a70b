from pathlib import Path

import pytest

from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release, frozen, locked_images, locks, store, tags
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace

PIPELINE = b"deploymentSpec: {executors: {}}\n"


def locked(version: str = "1.2.3", digit: str = "a") -> Locked:
    return Locked(
        version,
        ImageReference("host:5000/pinion/train", version, f"sha256:{digit * 64}"),
        content=f"s1:{digit * 4}",
        runs="s1:aa",
        commit="f00d",
        signature=Signature({"data": "Dataset", "seed": "Integer (optional)"}, {"fitted": "Model"}),
        requirements={"idna": "3.20", "numpy": "2.4.6"},
    )


def release(tag: str, **components: Locked) -> Release:
    return Release(Lock(tag, "host:5000", sha256(PIPELINE), components), PIPELINE)


@pytest.fixture()
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    store(made, release("1.9.0", train=locked("1.0.0", "a")))
    store(made, release("1.10.0", train=locked("1.2.3", "b")))
    return made


def test_a_release_is_read_back_as_it_was_written(workspace: Workspace) -> None:
    assert frozen(workspace, "1.10.0") == release("1.10.0", train=locked("1.2.3", "b"))


def test_releases_are_in_the_order_of_their_versions(workspace: Workspace) -> None:
    # The remains of a killed `release`, and other files, are not releases.
    (workspace.releases / ".1.11.0.x1y2").mkdir()
    (workspace.releases / ".1.11.0.x1y2" / "lock.yaml").write_text("half")
    (workspace.releases / "README.md").write_text("notes")
    assert tags(workspace) == list(locks(workspace)) == ["1.9.0", "1.10.0"]


def test_every_image_of_every_release_is_known(workspace: Workspace) -> None:
    assert {image: each.version for image, each in locked_images(workspace).items()} == {
        f"host:5000/pinion/train:1.0.0@sha256:{'a' * 64}": "1.0.0",
        f"host:5000/pinion/train:1.2.3@sha256:{'b' * 64}": "1.2.3",
    }


def test_an_unknown_tag_names_the_known_ones(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match=r"unknown release '1\.0'; known: dev, 1\.10\.0, 1\.9\.0"):
        frozen(workspace, "1.0")


@pytest.mark.parametrize("line", range(20))
def test_any_edited_line_of_a_lock_is_noticed(workspace: Workspace, line: int) -> None:
    path = workspace.releases / "1.9.0" / "lock.yaml"
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace("\n", " \n")
    path.write_text("".join(lines))
    with pytest.raises(PinionError, match=r"pipelines/releases/1\.9\.0/lock\.yaml was edited"):
        frozen(workspace, "1.9.0")


@pytest.mark.parametrize("text", ["", "checksum: 00\n", "release: 1.9.0\n"])
def test_a_file_that_is_not_a_lock_is_reported(workspace: Workspace, text: str) -> None:
    (workspace.releases / "1.9.0" / "lock.yaml").write_text(text)
    with pytest.raises(PinionError, match="was edited"):
        locks(workspace)


def test_a_lock_of_another_form_is_reported(workspace: Workspace) -> None:
    body = "release: 1.9.0\n"
    text = f"{body}checksum: {sha256(body.encode())}\n"
    (workspace.releases / "1.9.0" / "lock.yaml").write_text(text)
    with pytest.raises(PinionError, match="is not a lock that this version can read: KeyError"):
        frozen(workspace, "1.9.0")


def test_an_edited_pipeline_is_noticed(workspace: Workspace) -> None:
    (workspace.releases / "1.9.0" / "pipeline.yaml").write_bytes(PIPELINE + b"\n")
    with pytest.raises(PinionError, match=r"1\.9\.0/pipeline\.yaml was edited"):
        frozen(workspace, "1.9.0")


def test_a_renamed_release_is_noticed(workspace: Workspace) -> None:
    (workspace.releases / "1.9.0").rename(workspace.releases / "2.0.0")
    with pytest.raises(PinionError, match=r"is the lock of release '1\.9\.0'"):
        frozen(workspace, "2.0.0")


def test_a_release_is_never_written_twice(workspace: Workspace) -> None:
    before = (workspace.releases / "1.9.0" / "lock.yaml").read_bytes()
    with pytest.raises(PinionError, match=r"cannot create pipelines/releases/1\.9\.0: "):
        store(workspace, release("1.9.0", train=locked("9.9.9", "c")))
    assert (workspace.releases / "1.9.0" / "lock.yaml").read_bytes() == before
    assert sorted(path.name for path in workspace.releases.iterdir()) == ["1.10.0", "1.9.0"]
