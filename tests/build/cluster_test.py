"""Walk the commands of the README against a server that answers as a real KFP did."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.kubeflow.kfp_answers_testing import scenario
from pipelines.kubeflow.kfp_server_testing import KfpServer, Page, Request, serving
from tests.build.pinion import Tree
from tests.cluster.__main__ import walk
from tests.cluster.scene import Place, Scene
from tests.cluster.tidy import tidy
from tests.local_servers import tracking_server

pytestmark = pytest.mark.docker

OF_THE_RECORDED_RUN = ("run_id", "display_name", "created_at")
SCHEDULED = "00000000-0000-4000-8000-000000000007"
# The pods of a real cluster, which no server of KFP's stands for.
WITHOUT = ["lost-pod"]


class Cluster:
    """A server that plays what a real one answered to each submission of the walk.

    The first run is really run, here, so that its model is in MLflow.
    """

    def __init__(self, tree: Tree, mlflow: str) -> None:
        self.server = KfpServer(fault=self.play, pages=self.deleted)
        self.names: list[str] = []
        self._tree = tree
        self._mlflow = mlflow

    def play(self, request: Request) -> None:
        """Choose what the server reports of a run that is about to start."""
        self._start_of_schedule()
        if request.method != "POST" or not re.search("/(runs|recurringruns)$", request.path):
            return
        scheduled = request.path.endswith("/recurringruns")
        name = "walk/again" if scheduled else self._name(request.body)
        self.names.append(name)
        found = scenario(name)
        # A client waits for seconds between two looks, so it gets every fourth and the last.
        self.server.looks = [
            {name: value for name, value in each.items() if name not in OF_THE_RECORDED_RUN}
            for each in found.looks[::-4][::-1]
        ]
        self.server.workflow, self.server.logs = found.workflow, found.logs

    def _name(self, body: Any) -> str:
        parameters = body["runtime_config"]["parameters"]
        if parameters["target"] == "nothere":
            return "walk/no-target"
        if parameters["thresholds"]:
            return "walk/refused"
        if parameters["seed"] == 7:
            return "walk/memory"
        if "pinion-walk" in str(body):
            return "walk/no-node"
        if "walk/registered" in self.names:
            return "walk/again"
        self._run(parameters)
        return "walk/registered"

    def _run(self, parameters: dict[str, Any]) -> None:
        (release,) = (self._tree.folder / "pipelines" / "releases").glob("0.0.1rc*")
        kept = ("registered_model_name", "experiment")
        given = [part for name in kept for part in ("--param", f"{name}={parameters[name]}")]
        done = self._tree.run(
            "run", "--release", release.name, "--register", *given, MLFLOW_TRACKING_URI=self._mlflow
        )
        assert done.code == 0, done.stderr

    def _start_of_schedule(self) -> None:
        """Start the run that a controller would start a minute later."""
        if SCHEDULED in self.server.runs:
            return
        for identity, recurring in self.server.recurring_runs.items():
            reference = recurring["pipeline_version_reference"]
            version = self.server.versions[reference["pipeline_version_id"]]
            self.server.runs[SCHEDULED] = {
                "run_id": SCHEDULED,
                "display_name": "training-1",
                "experiment_id": recurring["experiment_id"],
                "recurring_run_id": identity,
                "pipeline_spec": version["pipeline_spec"],
                "state": "RUNNING",
                "looks": 0,
            }

    def deleted(self, request: Request) -> Page | None:
        """Delete a run or an experiment, as the end of the walk does."""
        found = re.search("/(runs|experiments)/([^/:]+)$", request.path)
        if request.method != "DELETE" or not found:
            return None
        del getattr(self.server, found[1])[found[2]]
        return Page(200, "{}", {"Content-Type": "application/json"})


@pytest.fixture()
def scene(released: Tree, tmp_path: Path) -> Iterator[tuple[Scene, Cluster]]:
    tree = released.cloned(tmp_path / "clone" / "pinion")
    (tmp_path / "mlflow").mkdir()
    with tracking_server(tmp_path / "mlflow") as mlflow:
        cluster = Cluster(tree, mlflow)
        with serving(cluster.server):
            place = Place(tree.registry, cluster.server.address, mlflow, mlflow, "")
            yield Scene(tree.folder, place, "0000a7"), cluster


def test_the_walk_passes_where_kfp_answers_as_it_did(
    scene: tuple[Scene, Cluster], capsys: pytest.CaptureFixture[str]
) -> None:
    walked, cluster = scene
    assert walk(walked, WITHOUT) == 0, capsys.readouterr().out
    states = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert states == [
        *([name, "passed"] for name in ("publish", "release", "register", "again", "no-target")),
        *([name, "passed"] for name in ("refused", "memory", "no-node")),
        ["lost-pod", "not"],
        *([name, "passed"] for name in ("deploy", "reproduce")),
    ]
    tidy(walked)
    server = cluster.server
    assert (server.recurring_runs, server.versions, server.experiments) == ({}, {}, {})


def test_a_step_that_fails_is_named_and_what_needs_it_is_not_run(
    scene: tuple[Scene, Cluster], capsys: pytest.CaptureFixture[str]
) -> None:
    walked, cluster = scene
    cluster.server.fault = lambda request: 400 if request.method == "POST" else None
    without = [*WITHOUT, "deploy"]
    assert walk(walked, without) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["passed", "passed", "FAILED"]
    assert "not now" in lines[2]
    assert {line.split()[1] for line in lines[3:]} == {"not"}
