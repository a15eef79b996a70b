"""Which code runs for an image: that of the working tree, or that of a release, from git."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.components.component import discover
from pipelines.components.git import head
from pipelines.components.image import ImageReference
from pipelines.pinning.lock import Locked
from pipelines.runner.process.processes_testing import main_of, write_component
from pipelines.runner.process.programs import PROGRAM, Source, Sources
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

RELEASED = f"localhost:5000/pinion/tool:1.0.0@sha256:{'a' * 64}"


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def write_code(workspace: Workspace, word: str) -> None:
    (workspace.components / "tool" / "tool" / "__main__.py").write_text(main_of(f"print({word!r})"))


@pytest.fixture()
def workspace(tmp_path: Path) -> Workspace:
    """Return a repository in which a component was released."""
    workspace = Workspace(tmp_path / "tree", tmp_path / "cache")
    write_component(workspace.root, "tool", main_of("print('released')"), "idna==3.20\n")
    git(workspace.root, "init")
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-m", "first")
    return workspace


@pytest.fixture()
def locked(workspace: Workspace) -> Locked:
    """Return the entry of the release's lock."""
    content = discover(workspace.components)["tool"].content()
    return Locked.of(ImageReference.parse(RELEASED), content, head(workspace))


def sources(workspace: Workspace, released: "Mapping[str, Locked] | None" = None) -> Sources:
    return Sources(workspace, discover(workspace.components), released or {})


def dev_image(workspace: Workspace) -> str:
    return f"pinion/tool:{discover(workspace.components)['tool'].dev_version()}"


def printed(source: Source, workspace: Workspace) -> str:
    """Return what the program prints, run from its snapshot."""
    program = source.snapshot(workspace).folder / PROGRAM
    return subprocess.run(
        [sys.executable, "-sE", program], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_working_tree_runs_for_dev(workspace: Workspace) -> None:
    write_code(workspace, "edited")
    source = sources(workspace).of("make", dev_image(workspace))
    assert printed(source, workspace) == "edited"
    assert source.lock == b"idna==3.20\n"


def test_an_edit_after_the_source_was_read_has_no_effect(workspace: Workspace) -> None:
    source = sources(workspace).of("make", dev_image(workspace))
    write_code(workspace, "edited")
    assert printed(source, workspace) == "released"


def test_a_working_tree_edited_since_it_was_compiled_is_refused(workspace: Workspace) -> None:
    image = dev_image(workspace)
    write_code(workspace, "edited")
    with pytest.raises(PinionError) as refused:
        sources(workspace).of("make", image)
    assert str(refused.value) == (
        f"step 'make' is pinned to {image.partition(':')[2]}, and the working tree is now"
        f" {dev_image(workspace).partition(':')[2]}; compile again (python -m pipelines.compile"
        " dev)"
    )


def test_a_release_runs_from_its_commit_not_from_the_working_tree(
    workspace: Workspace, locked: Locked
) -> None:
    write_code(workspace, "edited")
    (workspace.components / "tool" / "requirements.lock").write_text("idna==4.0\n")
    git(workspace.root, "commit", "--all", "-m", "second")
    source = sources(workspace, {RELEASED: locked}).of("make", RELEASED)
    assert printed(source, workspace) == "released"
    assert source.lock == b"idna==3.20\n"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"commit": "f" * 40},
            f"this clone does not have the commit {'f' * 40} that tool was made from; run git"
            " fetch, or run it in its image (--runner docker)",
            id="no such commit",
        ),
        pytest.param(
            {"runs": "", "commit": ""},
            "which was released before releases recorded their commit; run it in its image"
            " (--runner docker)",
            id="released long ago",
        ),
    ],
)
def test_a_release_that_cannot_run_as_processes_says_what_to_do(
    workspace: Workspace, locked: Locked, changes: dict[str, str], reason: str
) -> None:
    other = Locked(**{**vars(locked), **changes})
    with pytest.raises(PinionError) as refused:
        sources(workspace, {RELEASED: other}).of("make", RELEASED)
    assert str(refused.value).startswith("step 'make' is pinned to tool 1.0.0")
    assert str(refused.value).endswith(reason)


def test_a_commit_with_other_code_than_was_released_is_refused(
    workspace: Workspace, locked: Locked
) -> None:
    write_code(workspace, "edited")
    git(workspace.root, "commit", "--all", "-m", "second")
    other = Locked(**{**vars(locked), "commit": head(workspace)})
    with pytest.raises(PinionError, match="has other code than was released") as refused:
        sources(workspace, {RELEASED: other}).of("make", RELEASED)
    assert locked.runs in str(refused.value)


def test_an_image_of_an_unknown_component_is_refused_with_the_known_ones(
    workspace: Workspace,
) -> None:
    with pytest.raises(PinionError) as refused:
        sources(workspace).of("make", "pinion/other:1.0.0")
    assert str(refused.value) == (
        "step 'make' runs pinion/other:1.0.0, and there is no component 'other' here; components:"
        " tool"
    )
