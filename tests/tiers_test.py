"""The program that runs the tests: every test is in one part, and every result is reported."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.environments.manager import Environments
from pipelines.system.workspace import ROOT, Workspace
from tests.tiers import stamp
from tests.tiers.__main__ import chosen
from tests.tiers.parts import PIPELINES, TOOLS, Part, Python, all_parts
from tests.tiers.results import Result, longest, total
from tests.tiers.scheduling import Running, Slots, Work

TESTS = """\
import pytest
def test_right(): pass
def test_wrong(): print("the reason"); assert 1 == 2
@pytest.mark.skip(reason="not here")
def test_left_out(): pass
"""


def part(folder: Path, code: str = "") -> Part:
    """Return a part that tests a folder with pytest, or with another program."""

    def command(python: Path, paths: Sequence[str], _find: Python) -> list[str | Path]:
        return [
            python,
            *(["-c", code] if code else ["-m", "pytest", "-p", "no:cacheprovider"]),
            *paths,
        ]

    locks = (PIPELINES, TOOLS / "pytest.lock")
    return Part("some", (str(folder),), "pipelines-tests", locks, command, tests=True)


def result_of(folder: Path, *flags: str, code: str = "") -> Result:
    running = Running(Environments(Workspace()), Slots(1), lambda _text: None)
    (result,) = running.all([Work(part(folder, code), (str(folder),), flags)])
    return result


def counts(result: Result) -> tuple[int, int, int]:
    return result.passed, result.failed, result.skipped


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x_test.py").write_text(TESTS)
    return tmp_path


def test_results_are_counted_and_shown(folder: Path) -> None:
    result = result_of(folder)
    assert counts(result) == (1, 1, 1)
    assert "the reason" in result.output
    assert re.fullmatch(r"some +1 passed, 1 failed, 1 skipped +\d+\.\d s", result.line())
    assert total([result, result]) == "2 passed, 2 failed, 2 skipped"


def test_a_file_that_cannot_be_imported_is_a_failure(folder: Path) -> None:
    (folder / "y_test.py").write_text("import nowhere_at_all\n")
    assert counts(result_of(folder))[1] == 1


def test_nothing_fails_if_no_test_matches(folder: Path) -> None:
    result = result_of(folder, "-k", "nowhere")
    assert counts(result) == (0, 0, 0)
    assert total([result]) == "0 passed, 0 failed"


def test_tests_that_take_too_long_are_named_the_longest_first() -> None:
    results = [
        Result(
            "some", 1, 0, 0, 1.0, long=tuple((n + 0.4, f"test_{n}") for n in range(start, 30, 2))
        )
        for start in (20, 21)
    ]
    assert [*longest(results)] == [
        *(f"{n} s for test_{n}" for n in (29, 28, 27, 26, 25)),
        "over 10 s for 5 more",
    ]
    assert [*longest([])] == []


@pytest.mark.parametrize("code", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"])
def test_a_process_that_leaves_no_report_has_failed(folder: Path, code: str) -> None:
    assert counts(result_of(folder, code=code)) == (0, 1, 0)


def test_every_test_is_in_one_part() -> None:
    files = [
        str(file.relative_to(ROOT))
        for top in ("components", "pipelines", "tests", "benchmarks", "build-support")
        for file in (ROOT / top).rglob("*_test.py")
    ]
    parts = [each for each in all_parts(2) if each.tests]
    found = {file: [each.name for each in parts if each.chosen([file])] for file in files}
    assert len(found) > 150
    assert {file: names for file, names in found.items() if len(names) != 1} == {}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        pytest.param(
            ["components/train/"], ["ruff", "black", "components/train", "mypy"], id="folder"
        ),
        pytest.param(
            ["components/train/train/search/search_test.py::test_x"],
            ["ruff", "black", "components/train", "mypy"],
            id="a test",
        ),
        pytest.param(
            ["tests/build/help_test.py"],
            ["ruff", "black", "tests/build", "mypy"],
            id="a part inside another",
        ),
        pytest.param(["tests"], ["ruff", "black", "tests/build", "tests", "mypy"], id="both"),
        pytest.param(["docs"], ["ruff", "black"], id="no tests"),
    ],
)
def test_paths_choose_parts(paths: list[str], names: list[str]) -> None:
    works = chosen(paths, [], everything=False, done=False, checks=True)
    assert sorted(work.part.name for work in works) == sorted(names)
    tests_alone = chosen(paths, ["-k=x"], everything=False, done=False, checks=False)
    assert [work.part.name for work in tests_alone] == [
        work.part.name for work in works if work.part.tests
    ]


@pytest.mark.parametrize(
    ("everything", "done", "marked"),
    [
        pytest.param(False, False, "-m=not slow", id="make test"),
        pytest.param(True, False, None, id="make test-all"),
        pytest.param(True, True, "-m=slow", id="make test-all after make test"),
    ],
)
def test_the_marker_separates_the_tiers(everything: bool, done: bool, marked: str | None) -> None:
    works = chosen([], [], everything, done, checks=True)
    assert {next((f for f in work.flags if f[:2] == "-m"), None) for work in works} == {marked}


def test_a_part_without_slow_tests_is_left_out_of_the_slow_tier() -> None:
    works = chosen([], [], everything=True, done=True, checks=False)
    assert {work.part.name for work in works} == {"pipelines", "tests", "tests/build"}


def test_every_slow_test_has_a_reason() -> None:
    marks = [
        mark
        for top in ("components", "pipelines", "tests")
        for file in (ROOT / top).rglob("*.py")
        for mark in re.findall(r"pytest[.]mark[.]slow.{0,8}", file.read_text())
    ]
    assert len(marks) > 10
    assert set(marks) == {"pytest.mark.slow(reason="}


def test_tests_of_a_component_get_the_pythons_of_their_servers() -> None:
    asked: list[str] = []

    def find(name: str, locks: Sequence[Path]) -> Path:
        asked.append(name)
        return locks[0]

    parts = {each.name: each for each in all_parts(2)}
    variables = parts["components/pull_data"].variables(find)
    assert asked == ["object_stores"]
    assert variables["PINION_OBJECT_STORES"].endswith("object_stores/requirements.lock")
    assert parts["components/train"].variables(find).keys() == {"PYTHONPATH"}


def test_slots_are_taken_in_order_and_never_exceeded() -> None:
    slots, order, busy, most = Slots(3), [], [0], [0]
    lock = threading.Lock()

    def work(place: int, wanted: int) -> None:
        with slots.taken(place, wanted):
            with lock:
                order.append(place)
                busy[0] += min(wanted, 3)
                most[0] = max(most[0], busy[0])
            time.sleep(0.01)
            with lock:
                busy[0] -= min(wanted, 3)

    wanted = [1, 2, 9, 1, 3, 1, 1, 1]
    threads = [threading.Thread(target=work, args=each) for each in enumerate(wanted)]
    for thread in reversed(threads):
        thread.start()
    for thread in threads:
        thread.join(30)
    assert order == [*range(8)]
    assert most == [3]


def test_a_pass_is_remembered_only_for_the_same_files(tmp_path: Path) -> None:
    assert stamp.state(tmp_path) == ""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".gitignore").write_text("/.venv\n*.log\n")
    (tmp_path / "a.py").write_text("1")
    first = stamp.state(tmp_path)
    stamp.remember(first, tmp_path)
    (tmp_path / "noise.log").write_text("ignored")
    assert stamp.remembered(tmp_path) == stamp.state(tmp_path) == first
    (tmp_path / "a.py").write_text("2")
    assert stamp.state(tmp_path) != first
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "new.py").write_text("")
    assert stamp.state(tmp_path) != first


def test_a_missing_path_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tiers", "components/trian"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"tests.tiers: error: components/trian: no such file or folder in {ROOT}\n"
    )
