"""The pages show what happens: their local commands succeed, and print what is shown."""

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.build.tree import ROOT, call, clone, environment
from tests.documents import Block, Document, pages
from tests.ports import free_port

pytestmark = pytest.mark.slow(reason="makes whole runs in a clone, and installs the full MLflow")

README = Document.read(ROOT / "README.md")
# Commands after this heading need a cluster.
CLUSTER = "\n## Run it on a cluster\n"
# Commands before it that have a test of their own.
ELSEWHERE = ("make test", "make ui", ".venv/bin/python -m pipelines.new")
PRINTED = [
    pytest.param(block, id=f"{path.stem}-{block.prints}")
    for path in pages()
    for block in Document.read(path).blocks
    if block.prints
]
FIRST = "make run"
SERVED = "(Ctrl-C stops it)"
# The parts of a line that differ from run to run.
MASKS = (
    (r"^\d\d:\d\d:\d\d ", "TIME "),
    (r"\d{8}-\d{6}-[0-9a-f]{6}", "RUN"),
    (r"\b[0-9a-f]{12}\b", "HASH"),
    (r"^(took +).*", r"\1TIME"),
    (r"\d+\.\d s$", "N s"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone with the table that the README reads."""
    folder = clone(tmp_path_factory.mktemp("pages") / "clone")
    # The age predicts the answer for all but a tenth of the rows: easy to learn, but not a leak.
    rows = (
        f"{row % 61},{row % 7},{'>50K' if (row % 61 > 30) != (row % 10 == 0) else '<=50K'}"
        for row in range(900)
    )
    (folder / "adult.csv").write_text("\n".join(["age,hours,income class", *rows]) + "\n")
    done = call(folder, "make", "setup")
    assert done.returncode == 0, done.stderr
    return folder


@dataclass(frozen=True)
class First:
    """The first `make run` of the clone: what it printed, and a copy of its runs folder."""

    output: list[str]
    runs: Path


@pytest.fixture(scope="module")
def first(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> First:
    """Make the first run of the clone."""
    shutil.rmtree(tree / "runs", ignore_errors=True)
    output = printed(tree, FIRST)
    return First(output, shutil.copytree(tree / "runs", tmp_path_factory.mktemp("first") / "runs"))


def local_commands() -> list[str]:
    """Return the commands of the README whose output no page shows."""
    local = Document(README.path, README.text.partition(CLUSTER)[0])
    shown = {block.prints for path in pages() for block in Document.read(path).blocks}
    lines = [line for line in local.command_lines if not line.startswith(ELSEWHERE)]
    return [line for line in lines if line not in shown]


def test_the_pages_show_local_commands_and_their_output() -> None:
    assert CLUSTER in README.text
    assert len(local_commands()) > 1
    shown = {block.prints for path in pages() for block in Document.read(path).blocks}
    assert {FIRST, "make ui"} <= shown


@pytest.mark.parametrize("command", local_commands())
def test_a_local_command_of_the_readme_succeeds(command: str, tree: Path) -> None:
    done = call(tree, "bash", "-c", command)
    assert done.returncode == 0, done.stderr
    assert "verdict " in done.stdout


@pytest.mark.parametrize("block", PRINTED)
def test_a_command_prints_what_its_page_shows(block: Block, tree: Path, first: First) -> None:
    if block.prints == FIRST:
        output = first.output
    else:
        shutil.rmtree(tree / "runs")
        shutil.copytree(first.runs, tree / "runs")
        output = (served if block.prints == "make ui" else printed)(tree, block.prints)
    lines = {masked(line, tree) for line in output}
    missing = [line for line in block.lines if masked(line, tree) not in lines]
    assert missing == [], output


def printed(tree: Path, command: str) -> list[str]:
    """Return the output of a command: the lines of its steps, then the results."""
    path = f"{tree / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = call(tree, "bash", "-c", command, PATH=path)
    return [*done.stderr.splitlines(), *done.stdout.splitlines()]


def served(tree: Path, command: str) -> list[str]:
    """Return the output of a server until it is ready, on a free port; then stop it."""
    process = subprocess.Popen(
        [*command.split(), f"ARGS=--port {free_port()}"],
        cwd=tree,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if lines[-1] == SERVED:
                break
    finally:
        # Not Ctrl-C, which is ignored by what a shell has started in the background.
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    return lines


def masked(line: str, tree: Path) -> str:
    """Return a line without what differs from run to run, and from clone to clone."""
    line = line.replace(f"{tree}/", "")
    for pattern, text in MASKS:
        line = re.sub(pattern, text, line)
    return line
