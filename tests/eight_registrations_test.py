"""Eight concurrent registrations; one is killed, and one does not receive the answer."""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.faulty import Fault, Request, proxy
from tests.local_servers import tracking_server
from tests.stepping import passed_model, registration, start

pytestmark = pytest.mark.slow(reason="needs PostgreSQL")

SEED = random.randrange(1000)  # noqa: S311 - when to kill, not a secret


@pytest.fixture(params=["PostgreSQL", "SQLite"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "PostgreSQL":
        yield request.getfixturevalue("team_server")
        return
    with tracking_server(tmp_path) as uri:
        yield uri


def loses_creations(request: Request) -> Fault:
    return Fault.LOSE if request.path.endswith("model-versions/create") else Fault.NONE


def test_eight_concurrent_registrations(server: str, tmp_path: Path) -> None:
    client = MlflowClient(server)
    experiment = client.create_experiment(tmp_path.name)
    folders = [passed_model(client, experiment, tmp_path / str(n)) for n in range(8)]
    name = f"eight-{tmp_path.name}"

    def register(folder: Path, uri: str) -> "subprocess.Popen[str]":
        return start("register", uri, {}, registered_model_name=name, **registration(folder))

    with ExitStack() as stack:
        losing = stack.enter_context(proxy(server))
        losing.judge = loses_creations
        started = [register(folder, server) for folder in folders[:-1]]
        lost = register(folders[-1], losing.address)
        time.sleep(0.5 + SEED / 180)
        started[0].kill()
        started[0].communicate(timeout=60)
        started[0] = register(folders[0], server)
        outputs = [process.communicate(timeout=180) for process in started]
        # Its creation succeeded, but the answer was lost; the next call finds the version.
        lost.communicate(timeout=180)
        again = register(folders[-1], server)
        outputs.append(again.communicate(timeout=60))
        codes = [process.returncode for process in [*started, again]]
    assert codes == [0] * 8, f"seed {SEED}: {outputs}"
    assert_one_version_each(client, name, folders)


def assert_one_version_each(client: MlflowClient, name: str, folders: list[Path]) -> None:
    """Check that there is one version per model, with the alias and its history at the newest."""
    versions = client.search_model_versions(f"name='{name}'")
    models = {(folder / "uri").read_text(): folder.name for folder in folders}
    assert sorted(f"models:/{name}/{version.version}" for version in versions) == sorted(models)
    assert len({version.source for version in versions}) == 8
    for version in versions:
        model_id = version.tags["pinion.model_id"]
        links = client.get_logged_model(model_id).tags["mlflow.modelVersions"]
        assert json.loads(links) == [{"name": name, "version": str(version.version)}]
    model = client.get_registered_model(name)
    newest = max(int(version.version) for version in versions)
    assert int(model.aliases["champion"]) == newest, f"seed {SEED}"
    moves = history(client, name)
    assert moves[0]["before"] is None
    # The order of concurrent moves is not known.
    assert newest in {move["after"] for move in moves}, f"seed {SEED}"


def history(client: MlflowClient, name: str) -> list[dict[str, int | None]]:
    tags = client.get_registered_model(name).tags
    return [json.loads(tags[key]) for key in sorted(tags) if key.startswith("pinion.history.")]
