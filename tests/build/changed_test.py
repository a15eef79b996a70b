"""Run `.ci/changed` in a clone: its selection, its explanation, and the run of what it selected."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.build.tree import DAEMON, ROOT, call, clone, commit, daemon_of, git

pytestmark = pytest.mark.slow(reason="drives Pants")

QUICK = "tests/build/workflows_test.py tests/documents_test.py"
RUNS = "tests/*_test.py"

# A separate folder with the smallest lock that there is, so that running its dependents takes
# seconds and not minutes.
BUILD = """\
python_sources(name="lib", resolve="ruff")
python_tests(name="tests", resolve="ruff")
pex_binary(name="app", entry_point="half.py", resolve="ruff")
"""
HALF = '''\
"""Halves."""


def half(number: int) -> int:
    """Half of it."""
    return number // 2
'''
TEST = "from tests.small.half import half\n\n\ndef test_half() -> None:\n    assert half(4) == 2\n"


@dataclass(frozen=True)
class Selected:
    """The output of `.ci/changed --list`."""

    code: int
    why: str
    targets: list[str]

    @property
    def folders(self) -> set[str]:
        """The folders of the targets, two levels deep at most."""
        paths = [Path(target.removeprefix("//").partition(":")[0]) for target in self.targets[:-1]]
        parts = [(path.parent if path.suffix else path).parts for path in paths]
        return {"/".join(each[:2]) for each in parts}

    def has(self, *targets: str) -> bool:
        return set(targets) <= set(self.targets)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = clone(tmp_path_factory.mktemp("changed") / "clone")
    for name, text in {"BUILD": BUILD, "half.py": HALF, "half_test.py": TEST}.items():
        write(folder / "tests" / "small" / name, text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    # The environment exists already, so that `make setup` has nothing to do.
    (folder / ".venv").symlink_to(ROOT / ".venv")
    write(folder / ".git" / "info" / "exclude", "/.venv\n")
    commit(folder, "base")
    with daemon_of(folder):
        yield folder


@pytest.fixture()
def branch(tree: Path) -> Iterator[Path]:
    """Return a clean branch of main, and undo it afterwards."""
    main = git(tree, "rev-parse", "main")
    git(tree, "switch", "--quiet", "--create", "branch")
    yield tree
    git(tree, "reset", "--quiet", "--hard")
    git(tree, "clean", "--quiet", "--force", "-d")
    git(tree, "switch", "--quiet", "main")
    git(tree, "reset", "--quiet", "--hard", main)
    git(tree, "branch", "--quiet", "--delete", "--force", "branch")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def append(file: Path, text: str) -> None:
    file.write_text((file.read_text() if file.exists() else "") + text)


def changed(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return call(folder, ".ci/changed", *arguments, **DAEMON)


def selected(folder: Path, base: str = "main") -> Selected:
    done = changed(folder, "--list", base)
    why = [line for line in done.stderr.splitlines() if line.startswith("changed: ")]
    assert len(why) == 1, done.stderr
    return Selected(done.returncode, why[0], done.stdout.splitlines())


def test_a_changed_line_selects_its_component_and_dependents(branch: Path) -> None:
    append(branch / "components/register/register/card.py", "# more\n")
    commit(branch, "change register")
    found = selected(branch)
    assert found.has(
        "components/register/register/card.py:../sources",
        "components/register/register/card_test.py:../tests",
        "components/register:app",
        "components/register:image",
        "tests/contract_test.py",
    )
    assert not found.has("components/register:deps")
    # Tests across components and benchmarks of all steps depend on every component.
    across = ("benchmarks", "tests")
    assert {each for each in found.folders if not each.startswith(across)} == {
        "components/register"
    }
    assert found.targets[-1] == RUNS
    assert found.why.startswith("changed: components/register; with dependents: benchmarks, ")


def test_uncommitted_changes_count(branch: Path) -> None:
    append(branch / "components/register/register/card.py", "# more\n")
    append(branch / "components/train/train/new.py", "")
    assert {"components/register", "components/train"} <= selected(branch).folders


def test_a_readme_does_not_select_tests_of_other_components(branch: Path) -> None:
    append(branch / "components/register/README.md", "# Register\n")
    found = selected(branch)
    assert [each for each in found.targets if each.startswith("components/")] == [
        "components/register/README.md:beside"
    ]
    assert found.targets[-1] == QUICK


def test_later_changes_on_main_are_not_selected(branch: Path) -> None:
    append(branch / "components/register/register/card.py", "# more\n")
    commit(branch, "change register")
    git(branch, "switch", "--quiet", "main")
    append(branch / "components/train/train/models.py", "# more\n")
    commit(branch, "change train")
    git(branch, "switch", "--quiet", "branch")
    found = selected(branch)
    assert "components/register" in found.folders
    assert "components/train" not in found.folders


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda package: (package / "card.py").unlink(), id="deleted"),
        pytest.param(
            lambda package: (package / "card.py").rename(package / "titles.py"), id="moved"
        ),
    ],
)
def test_a_removed_file_selects_what_may_have_used_it(
    change: Callable[[Path], None], branch: Path
) -> None:
    change(branch / "components/register/register")
    commit(branch, "take card.py away")
    found = selected(branch)
    assert found.has(
        "components/register/register/card_test.py:../tests",
        "components/register/register/main_test.py:../tests",
        "components/register:image",
    )
    assert "components/train" not in found.folders


def test_a_file_name_that_git_quotes_is_recognized(branch: Path) -> None:
    write(branch / "tests/small/two words.txt", "")
    assert selected(branch).has("tests/small/half_test.py:tests")


def test_a_file_that_nothing_reads_selects_nothing(branch: Path) -> None:
    append(branch / "LICENSE", "\n")
    assert selected(branch) == Selected(
        0, f"changed: LICENSE; with dependents: none; then {QUICK}", [QUICK]
    )


def test_nothing_changed(branch: Path) -> None:
    assert selected(branch) == Selected(0, "changed: nothing since main", [])
    assert changed(branch, "main").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nowhere"], "git knows no commit 'nowhere'", id="unknown"),
        pytest.param(["main;true"], "git knows no commit 'main;true'", id="no-name"),
        pytest.param([], "usage:", id="none"),
        pytest.param(["--lst", "main"], "usage:", id="flag"),
        pytest.param(["main", "main"], "usage:", id="two"),
    ],
)
def test_a_wrong_call_is_one_line(arguments: list[str], message: str, branch: Path) -> None:
    done = changed(branch, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_base_without_a_common_commit_is_reported(branch: Path) -> None:
    tree = git(branch, "rev-parse", "main^{tree}")
    alone = git(branch, "commit-tree", tree, "-m", "alone")
    done = changed(branch, alone)
    assert done.returncode == 2
    assert done.stderr == (
        f"changed: '{alone}' and HEAD have no commit in common;"
        " in a shallow clone: git fetch --unshallow\n"
    )


def test_it_runs_what_it_selected(branch: Path) -> None:
    append(branch / "tests/small/half.py", "\n\nTWICE = 2\n")
    done = changed(branch, "main")
    assert done.returncode == 0, done.stderr
    assert "tests/small/half_test.py:tests succeeded" in done.stderr
    assert (branch / "dist/tests.small/app.pex").is_file()
    assert " passed" in done.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("return  number // 2", "black failed", id="lint"),
        pytest.param("return number / 2", "mypy failed", id="types"),
        pytest.param("return number // 3", "half_test.py:tests failed", id="test"),
    ],
)
def test_it_fails_if_a_change_breaks_something(line: str, message: str, branch: Path) -> None:
    write(branch / "tests/small/half.py", HALF.replace("return number // 2", line))
    done = changed(branch, "main")
    assert done.returncode == 1
    assert message in done.stderr


# The tests below change files for which Pants restarts, both for the change and for undoing it.
def test_an_interface_selects_the_pipelines_and_the_tests_of_the_build(branch: Path) -> None:
    append(branch / "components/register/component.yaml", "# more\n")
    found = selected(branch)
    assert found.has("components/register:image", "pipelines/compile.py")
    assert found.targets[-1] == "tests"


@pytest.mark.parametrize(
    "name",
    [
        "build-support/macros.py",
        "build-support/plugins/project/register.py",
        "pants.toml",
        "BUILD",
        "Makefile",
        ".github/workflows/main.yml",
        ".ci/changed",
        "new-at-the-top.cfg",
    ],
)
def test_the_build_selects_everything(name: str, branch: Path) -> None:
    append(branch / name, "\n# more\n")
    assert selected(branch) == Selected(
        0, f"changed: {name} changed: everything", ["::", "tests"]
    )


def test_a_removed_component_selects_everything(branch: Path) -> None:
    git(branch, "mv", "components/register", "components/enrol")
    found = selected(branch)
    assert found.why == "changed: components/register/BUILD removed: everything"
