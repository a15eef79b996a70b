"""The launcher finds a Pants other than itself, from any folder, and beside a running one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.components.component import discover
from tests.build.tree import ROOT, call, clone, commit, git

# Prints how it was called, in place of a real Pants on the PATH.
ECHO = '#!/bin/sh\necho "found $* in $PWD concurrent=$PANTS_CONCURRENT"\n'


@pytest.fixture()
def tree(tmp_path: Path) -> Path:
    return clone(tmp_path / "clone")


def program(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "pants").write_text(text)
    (folder / "pants").chmod(0o755)
    return folder


def path(*folders: Path) -> str:
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])


def test_a_pants_on_the_path_is_used(tree: Path, tmp_path: Path) -> None:
    found = program(tmp_path / "bin", ECHO)
    done = call(tree, "./pants", "list", "a b", PATH=path(found))
    assert done.stdout == f"found list a b in {tree} concurrent=\n"


def test_the_launcher_itself_a_copy_and_a_link_are_skipped(tree: Path, tmp_path: Path) -> None:
    copy = program(tmp_path / "copy", (tree / "pants").read_text())
    link = tmp_path / "link"
    link.mkdir()
    (link / "pants").symlink_to(tree / "pants")
    found = program(tmp_path / "bin", ECHO)
    done = call(tree, link / "pants", "list", PATH=path(tree, copy, link, found))
    assert done.stdout == f"found list in {tree} concurrent=\n"


def test_a_shim_without_a_program_is_skipped(tree: Path, tmp_path: Path) -> None:
    shim = program(tmp_path / "shims", "#!/bin/sh\nexit 127\n")
    found = program(tmp_path / "bin", ECHO)
    done = call(tree, "./pants", "list", PATH=path(shim, found))
    assert done.stdout.startswith("found list")


def test_a_call_from_a_folder_of_the_tree_stays_in_that_folder(tree: Path, tmp_path: Path) -> None:
    found = program(tmp_path / "bin", ECHO)
    done = call(tree / "components", "../pants", "list", PATH=path(found))
    assert done.stdout == f"found list in {tree}/components concurrent=\n"


def test_a_call_from_outside_goes_to_the_tree(tree: Path, tmp_path: Path) -> None:
    found = program(tmp_path / "bin", ECHO)
    done = call(tmp_path, tree / "pants", "list", PATH=path(found))
    assert done.stdout == f"found list in {tree} concurrent=\n"


def test_beside_a_running_pants_the_daemon_is_off(tree: Path, tmp_path: Path) -> None:
    found = program(tmp_path / "bin", ECHO)
    program_text = "import sys; print('up', flush=True); sys.stdin.read()"
    sleeper = [sys.executable, "-c", program_text, "pants"]
    with subprocess.Popen(sleeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        (tree / ".pants.d").mkdir()
        (tree / ".pants.d" / "launcher.pid").write_text(f"{running.pid}\n")
        beside = call(tree, "./pants", "list", PATH=path(found))
        assert running.stdin is not None
        running.stdin.close()
    alone = call(tree, "./pants", "list", PATH=path(found))
    assert beside.stdout.endswith("concurrent=true\n")
    assert alone.stdout.endswith("concurrent=\n")


@pytest.mark.slow(reason="installs Pants")
def test_without_a_pants_on_the_path_the_pinned_one_is_installed(tree: Path) -> None:
    done = call(tree, "./pants", "--version")
    assert done.stdout == "2.17.1\n", done.stderr


def test_the_revision_is_the_last_commit_in_a_components_folder(tree: Path, tmp_path: Path) -> None:
    found = program(tmp_path / "bin", '#!/bin/sh\necho "$PINION_REVISIONS"\n')

    def revisions() -> dict[str, str]:
        done = call(tree, "./pants", "package", PATH=path(found))
        return dict(pair.split("=") for pair in done.stdout.split())

    def changed(name: str) -> str:
        with (tree / name).open("a") as file:
            file.write("\n")
        return commit(tree, name)

    assert revisions() == {}
    git(tree, "init", "--quiet")
    first, second = changed("README.md"), changed("components/train/BUILD")
    changed("README.md")
    others = {folder.name: first for folder in (tree / "components").iterdir() if folder.is_dir()}
    assert revisions() == {**others, "train": second}
    (tree / "components" / "train" / "BUILD").write_text("")
    (tree / "components" / "new").mkdir()
    (tree / "components" / "new" / "BUILD").write_text("ml_component()\n")
    assert revisions() == {**others, "train": f"{second}-dirty"}


def test_launcher_and_pipelines_compute_the_same_content_hashes() -> None:
    launcher = (ROOT / "pants").read_text()
    begin, end = launcher.index("packaged()"), launcher.index("export PINION_CONTENTS")
    script = f"set -euo pipefail; root={ROOT}\n{launcher[begin:end]}echo $PINION_CONTENTS"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    hashes = dict(pair.split("=") for pair in done.stdout.split())
    assert hashes == {
        name: f"{component.content().hash},{component.content().runs}"
        for name, component in discover(ROOT / "components").items()
    }


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("bash", "cut", "dirname", "env", "ls", "printf", "readlink", "sed", "sort"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    # This uv finds no Python, and cannot download one.
    uv = tmp_path / "bin" / "uv"
    uv.write_text('#!/bin/bash\n[[ $1 == --version ]] && echo uv 1.0.0\n')
    uv.chmod(0o755)
    done = call(
        tmp_path,
        ROOT / "build-support" / "find-python",
        "3.9",
        PATH=str(tmp_path / "bin"),
        HOME=str(tmp_path),
        PYENV_ROOT=str(tmp_path),
    )
    assert done.returncode == 1
    downloads, missing = done.stderr.splitlines()
    assert downloads == "pinion: CPython 3.9 was not found; uv downloads it"
    assert missing.startswith("pinion: CPython 3.9 is needed: it is not on the PATH or under")
