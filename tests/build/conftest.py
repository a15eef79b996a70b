"""Which tests need a Docker engine or a browser, and the line that says they did not run."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.build.browser import browser
from tests.build.pinion import Tree, states, versions_of
from tests.build.services import Registry, docker_answers
from tests.build.tree import ROOT

NO_ENGINE = "no Docker engine answers"
NO_BROWSER = "no Chromium or Chrome is installed"


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers of those tests, and lets Ctrl-C reach what the tests start."""
    # A shell has what it starts in the background ignore it, and so would every child of that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "docker: needs a Docker engine that answers")
    config.addinivalue_line("markers", "browser: needs Chromium or Chrome")


class ByFile(LoadScopeScheduling):
    """A process takes all tests of a file, or of all files that begin with the one release.

    Those run in the order of their names: `release_test.py` changes the tree of the release, which
    `parity_test.py` runs before.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        shares = "released: Tree" in (ROOT / file).read_text()
        return "released" if shares else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """What shares the tests out."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips together those that need what this machine lacks."""
    for marker, reason, there in (
        ("docker", NO_ENGINE, docker_answers),
        ("browser", NO_BROWSER, browser),
    ):
        in_need = [item for item in items if item.get_closest_marker(marker)]
        if in_need and not there():
            for item in in_need:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what did not run: a skip alone is a letter among many."""
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    for reason, left_out in (
        (
            NO_ENGINE,
            "(docker info): {} image, publish and release tests were not run; start Docker",
        ),
        (NO_BROWSER, ": {} tests of the report were not run; install one of them"),
    ):
        if count := sum(reason in text for text in skipped):
            line = f"{reason} {left_out.format(count)} and run make test again"
            terminalreporter.write_line(line.replace(" :", ":"), yellow=True)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """An empty registry without a password."""
    with Registry(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="session")
def release_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry for the one release that several modules begin with."""
    with Registry(tmp_path_factory.mktemp("releases")) as server:
        yield server


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, release_registry: Registry) -> Tree:
    """All components published as they are, and released as 1.0.0; to be left as it is."""
    tree = Tree.fresh(tmp_path_factory.mktemp("release") / "tree", release_registry.address)
    assert states(tree.run("publish")) == {
        f"{name.replace('_', '-')}:{version}": "pushed"
        for name, version in versions_of(tree.folder).items()
    }
    done = tree.run("release", "1.0.0")
    assert done.code == 0, done.stderr
    tree.commit("Release 1.0.0")
    tree.git("tag", "1.0.0")
    return tree
