"""Skip tests that need a Docker engine or a browser, with one line that says so."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.build.browser import Browser, browser
from tests.build.pinion import Tree
from tests.build.services import Registry, docker_answers
from tests.build.shared import Shared, package_all, received, release_all, share_with, started
from tests.build.tree import clone

NO_ENGINE = "no Docker engine answers"
NO_BROWSER = "no Chromium or Chrome is installed"
# Files with few tests that take minutes.
LONG = (
    "chaos_test.py",
    "cluster_test.py",
    "docker_log_in_test.py",
    "released_before_test.py",
    "reproduce_release_test.py",
    "working_tree_test.py",
)
SINGLY = "parity_test.py"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers of these tests, and let Ctrl-C reach what the tests start."""
    # A shell lets background processes ignore Ctrl-C, and their children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # By default files with many tests come first.
    config.option.loadscopereorder = False
    config.addinivalue_line("markers", "docker: needs a Docker engine that answers")
    config.addinivalue_line("markers", "browser: needs Chromium or Chrome")


class ByFile(LoadScopeScheduling):
    """Give all tests of a file to one process, because they share fixtures; keep their order.

    Those of one file share nothing but the release, so they are distributed singly.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.endswith(f"/{SINGLY}") else file


def pytest_xdist_auto_num_workers() -> int:
    """Return one more than the number of cores, as one process always waits for a server."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_configure_node(node: Any) -> None:
    """Prepare the start of a process that runs tests."""
    share_with(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Return what distributes the tests."""
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need a program as slow, and skip those whose program is missing here."""
    for marker, reason, there in (
        ("docker", NO_ENGINE, docker_answers),
        ("browser", NO_BROWSER, browser),
    ):
        in_need = [item for item in items if item.get_closest_marker(marker)]
        for item in in_need:
            item.add_marker(pytest.mark.slow(reason=f"needs a {marker}"))
        if in_need and not there():
            for item in in_need:
                item.add_marker(pytest.mark.skip(reason=reason))
    items.sort(key=_place(items))


def _place(items: Sequence[pytest.Item]) -> Callable[[pytest.Item], tuple[bool, int, int]]:
    """Return the order of tests: one file makes the release, and others that need it go last.

    Otherwise most processes would wait for the release, which takes minutes. Files with many tests
    go before those with few, which fill the end, unless the few take long.
    """
    tests = Counter(item.path for item in items)
    released = {item.path for item in items if "released" in getattr(item, "fixturenames", ())}
    makes_it = max(released, key=lambda path: tests[path], default=None)

    def place(item: pytest.Item) -> tuple[bool, int, int]:
        path = item.path
        rank = -2 * (path == makes_it) - (path.name in LONG) + (path.name == SINGLY)
        return path in released and path != makes_it, rank, -tests[path]

    return place


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report what was skipped: a skip alone is one letter among many."""
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    for reason, left_out in (
        (
            NO_ENGINE,
            "(docker info): {} image, publish and release tests were not run; start Docker",
        ),
        (NO_BROWSER, ": {} tests of pages were not run; install one of them"),
    ):
        if count := sum(reason in text for text in skipped):
            line = f"{reason} {left_out.format(count)} and run make test-all again"
            terminalreporter.write_line(line.replace(" :", ":"), yellow=True)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Start an empty registry without a password."""
    with Registry(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="module", name="browser")
def one_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start one browser for all tests of a file."""
    with Browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    """Return what all test processes have in common."""
    if known := received(request.config):
        yield known
        return
    with started() as alone:
        yield alone


@pytest.fixture(scope="session")
def released(shared: Shared) -> Tree:
    """Return all components, published unchanged and released as 1.0.0; do not modify it."""
    tree = Tree(shared.folder / "tree", shared.registry.address)
    shared.once("release", lambda: release_all(tree.folder, shared.registry))
    return tree


@pytest.fixture(scope="module")
def copied(
    released: Tree, shared: Shared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """Start a registry with the images of the release; others read the shared one."""
    assert released.registry == shared.registry.address
    with shared.registry.copied(tmp_path_factory.mktemp("copied")) as server:
        yield server


@pytest.fixture(scope="session")
def packaged(shared: Shared) -> Path:
    """Return a tree with the wheels, and the programs without the packages; do not modify it."""
    folder = shared.folder / "packaged"
    shared.once("packages", lambda: package_all(clone(folder)))
    return folder
