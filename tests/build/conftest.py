"""Which tests need a Docker engine, and the one line that says they did not run."""

from collections.abc import Iterator

import pytest

from tests.build.services import Registry, docker_answers

NOT_RUN = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker of those tests."""
    config.addinivalue_line("markers", "docker: needs a Docker engine that answers")
    config.stash[NOT_RUN] = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips them together where no engine answers."""
    in_need = [item for item in items if item.get_closest_marker("docker")]
    if in_need and not docker_answers():
        config.stash[NOT_RUN] = len(in_need)
        for item in in_need:
            item.add_marker(pytest.mark.skip(reason="no Docker engine answers"))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Says what did not run: a skip alone is a letter among many."""
    if count := config.stash[NOT_RUN]:
        terminalreporter.write_line(
            f"no Docker engine answers (docker info): {count} image, publish and release tests"
            " were not run; start Docker and run make test again",
            yellow=True,
        )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """An empty registry without a password."""
    with Registry(tmp_path_factory.mktemp("registry")) as server:
        yield server
