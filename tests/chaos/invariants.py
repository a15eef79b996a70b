"""Check what must hold after a fault, once the same command has succeeded."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from pipelines.runner.cache.store import Entry, Store
from pipelines.runner.task.backend import CACHE, MARKS
from pipelines.system.manifests import manifest
from tests.chaos.scene import Scene
from tests.chaos.waiting import until
from tests.running import run_folders

_TABLES = ("dataset", "train_data", "test_data")
_DOCUMENTS = (
    "result",
    "report_data",
    "metrics",
    "test_metrics",
    "classification_metrics",
    "schema",
    "profile",
    "drift",
)
# Steps whose outputs depend only on their inputs, byte for byte.
_SAME = ("resolve", "pull-data", "preprocess")


def no_process_is_left(scene: Scene) -> None:
    """Assert that no step outlives its run, however the run ended."""
    # The kernel ends the children of a killed runner, which takes a moment on a busy machine.
    until(lambda: not scene.processes(), "processes are left", 30)


def check(scene: Scene) -> None:
    """Raise `AssertionError` for the first invariant that does not hold."""
    no_process_is_left(scene)
    _outputs_are_whole(scene)
    _the_cache_is_whole(scene)
    assert list((scene.output / MARKS).iterdir()) == [], "marks of runs that ended are left"
    client = MlflowClient(scene.uri or _local(scene))
    _nothing_is_running(client)
    _one_version(scene, client)


def _local(scene: Scene) -> str:
    database = scene.output / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return f"sqlite:///{database}"


def _outputs_are_whole(scene: Scene) -> None:
    # The names do not tell which of two runs in the same second was first.
    last = scene.last
    for run in run_folders(scene.output):
        # A hidden name is not an output, nor in a folder of outputs.
        for path in run.glob("[!.]*/[!.]*"):
            if path.parent.name != "logs":
                assert _whole(path, last / path.parent.name / path.name), f"{path} is half-written"


def _whole(path: Path, reference: Path) -> bool:
    if path.parent.name in _SAME:
        return path.read_bytes() == reference.read_bytes()
    if path.is_dir():
        return {each.name for each in path.iterdir()} == {each.name for each in reference.iterdir()}
    if path.name in _DOCUMENTS:
        return bool(json.loads(path.read_bytes()))
    if path.name in ("report", "drift_report"):
        return path.read_text().rstrip().endswith("</html>")
    return path.stat().st_size > 0


def _the_cache_is_whole(scene: Scene) -> None:
    root = scene.output / CACHE
    if not root.exists():
        return
    store = Store(root)
    for folder in (root / "entries").iterdir():
        entry = store.get(folder.name)
        assert isinstance(entry, Entry), f"{folder} cannot be read"
        assert manifest(store.kept(entry.key)) == entry.content, f"{folder} has changed"
    assert list((root / "unfinished").iterdir()) == [], "an unfinished entry is left"


def _nothing_is_running(client: MlflowClient) -> None:
    experiments = [each.experiment_id for each in client.search_experiments()]
    for run in client.search_runs(experiments, "attributes.status = 'RUNNING'"):
        raise AssertionError(f"the MLflow run {run.info.run_id} is still RUNNING: {run.data.tags}")
    for model in client.search_logged_models(experiments):
        assert model.status != LoggedModelStatus.PENDING, f"{model.model_id} is still PENDING"


def _one_version(scene: Scene, client: MlflowClient) -> None:
    """Assert that each model has one version, and that a cached model was not trained again."""
    versions = client.search_model_versions(f"name = '{scene.name}'")
    sources = [version.source for version in versions]
    assert len(set(sources)) == len(sources), f"several versions of one model: {sources}"
    if scene.cached:
        assert len(versions) == 1, f"several versions: {sources}"
    newest = max(int(version.version) for version in versions)
    champion = client.get_model_version_by_alias(scene.name, "champion")
    assert int(champion.version) == newest, f"the champion is {champion.version}, not {newest}"
    assert all(version.status == "READY" for version in versions)
