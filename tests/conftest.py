"""The servers that tests share, started when the first test needs them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.local_servers import tracking_server
from tests.postgres import postgres
from tests.preparing import Preparation, loaded
from tests.running import Finished, run
from tests.stepping import Steps

# Their fixtures take half a minute, so one process runs all of them.
TOGETHER = (
    "eight_registrations_test.py",
    "faulty_server_test.py",
    "log_in_test.py",
    "mlflow_plugin_test.py",
    "team_server_test.py",
)


class ByFile(LoadScopeScheduling):
    """Give all tests of a file, or of the files that share servers, to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "" if file.endswith(TOGETHER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Return what distributes the tests."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def team_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the team's server; its artifacts are in `kept`."""
    return tmp_path_factory.mktemp("team")


@pytest.fixture(scope="session")
def team_server(team_folder: Path) -> Iterator[str]:
    """Yield an MLflow server as a team runs it: on PostgreSQL, with artifacts only it reaches."""
    with postgres() as store, tracking_server(team_folder, store=store) as uri:
        yield uri


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run whose steps before `train` have succeeded."""
    folder = tmp_path_factory.mktemp("prepared")
    # Nothing listens at that address, so the run ends when `train` connects to MLflow.
    finished: Finished = run(folder, tracking_uri="http://127.0.0.1:9")
    assert (finished.folder / "preprocess" / "train_data").is_file(), finished.stderr
    return finished.folder


@pytest.fixture(scope="session")
def trained(team_server: str, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """Return steps, not to be changed, of which `train` and `evaluate` ran on that server."""
    steps = Steps(tmp_path_factory.mktemp("trained"), prepared)
    for component in ("train", "evaluate"):
        process = steps.start(component, team_server)
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr
    return steps


@pytest.fixture(scope="session")
def preparation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preparation]:
    """Yield the two steps that prepare a table, loaded once."""
    with loaded(tmp_path_factory.mktemp("prepared")) as steps:
        yield steps
