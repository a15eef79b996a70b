"""Workflows and documents name only what exists, and workflows are safe to run."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.build.commands import Known, commands, shown_faults
from tests.build.tree import ROOT
from tests.build.workflows import workflow_faults
from tests.documents import Document, pages

pytestmark = pytest.mark.slow(reason="drives Pants")

GITHUB = ROOT / ".github"
WORKFLOWS = sorted([*GITHUB.glob("workflows/*.y*ml"), *GITHUB.glob("actions/*/action.yml")])

SOUND = """\
on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - run: .ci/changed main && make test
"""
CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683"


@pytest.fixture(scope="module")
def known() -> Known:
    return Known.of(ROOT)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_workflows() -> None:
    names = {path.name for path in WORKFLOWS}
    assert {"pull-request.yml", "main.yml", "release.yml", "action.yml"} <= names


@pytest.mark.parametrize("file", WORKFLOWS, ids=relative)
def test_a_workflow_is_sound(file: Path, known: Known) -> None:
    assert workflow_faults(file, known) == []


@pytest.mark.parametrize("file", pages(), ids=relative)
def test_a_document_shows_commands_and_targets_that_exist(file: Path, known: Known) -> None:
    assert shown_faults(Document.read(file), known) == []


def edited(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(edited("permissions: {}\n", ""), "permissions are not {}", id="permissions"),
        pytest.param(edited("permissions: {}", "permissions: write-all"), "are not {}", id="all"),
        pytest.param(
            edited("    permissions:\n      contents: read\n", ""), "no permissions", id="of-a-job"
        ),
        pytest.param(edited("ubuntu-24.04", "ubuntu-latest"), "ubuntu-latest", id="runner"),
        pytest.param(edited("    timeout-minutes: 5\n", ""), "no timeout", id="timeout"),
        pytest.param(edited(CHECKOUT, "actions/checkout@v4"), "not pinned", id="tag"),
        pytest.param(edited(CHECKOUT, CHECKOUT[:-1]), "not pinned", id="short-hash"),
        pytest.param(edited(" # v4.2.2", ""), "no comment with its version", id="no-version"),
        pytest.param(edited(" # v4.2.2", " # newest"), "no comment with", id="no-number"),
        pytest.param(edited("credentials: false", "credentials: true"), "token", id="token"),
        pytest.param(edited(f"{CHECKOUT} # v4.2.2", "./.github/actions/x"), "no action", id="ours"),
    ],
)
def test_an_unsafe_workflow_is_caught(
    edit: Callable[[str], str], fault: str, tmp_path: Path, known: Known
) -> None:
    assert fault in "\n".join(workflow_faults(written(tmp_path, edit(SOUND)), known))


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        pytest.param('echo "${{ github.base_ref }}"', "an expression within", id="injection"),
        pytest.param("make tset", "no make target tset", id="make"),
        pytest.param("make setup && .ci/chagned main", "no script .ci/chagned", id="script"),
        pytest.param("README.md/x; pants.toml", "no script README.md/x", id="not-a-file"),
        pytest.param("./pants.toml", "no script ./pants.toml", id="not-executable"),
        pytest.param("./pants tset ::", "no goal tset", id="goal"),
        pytest.param("./pants test components/trian::", "no target components/trian", id="folder"),
        pytest.param("./pants package components/train:img", "no target", id="target"),
        pytest.param(".venv/bin/python -m pipelines.relaese 1.0.0", "no module", id="module"),
        pytest.param("python -m nowhere.at_all", "no module nowhere.at_all", id="package"),
        pytest.param("python -m pipelines.run --paramz a=b", "--paramz", id="flag"),
        pytest.param("python -m pipelines.compile", "RELEASE_TAG", id="argument"),
        pytest.param("python -m pipelines.run --param x=1", "no parameter x", id="parameter"),
        pytest.param("make run ARGS='--paramz a=b'", "--paramz", id="flag-by-make"),
        pytest.param("make test ARGS=components/trian", "no components/trian", id="path-by-make"),
        pytest.param("make chaos ARGS='--only rain'", "invalid choice: 'rain'", id="value-by-make"),
        pytest.param("python pipelines/run.py", "python without -m", id="no-module"),
        pytest.param("A=b dokcer login \\\n  there", "unknown program dokcer", id="program"),
    ],
)
def test_a_script_that_cannot_run_is_caught(
    script: str, fault: str, tmp_path: Path, known: Known
) -> None:
    text = SOUND.replace(".ci/changed main && make test", "|\n" + textwrap.indent(script, " " * 10))
    (found,) = workflow_faults(written(tmp_path, text), known)[:1]
    assert fault in found


def test_a_sound_workflow_passes(tmp_path: Path, known: Known) -> None:
    assert workflow_faults(written(tmp_path, SOUND), known) == []


def written(folder: Path, text: str) -> Path:
    file = folder / "workflow.yml"
    file.write_text(text)
    return file


def test_a_script_is_split_as_the_shell_does() -> None:
    script = 'A=b docker login "${REGISTRY%%/*}" -u \'a b\' <<<"$SECRET" && make x \\\n  y; z # no'
    assert list(commands(script)) == [
        ["docker", "login", "ghcr.io/owner", "-u", "a b"],
        ["make", "x", "y"],
        ["z"],
    ]
