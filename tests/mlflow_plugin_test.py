"""The steps that use MLflow, in the environment that KFP's MLflow plugin gives their pods."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.local_servers import tracking_server
from tests.stepping import Steps

pytestmark = pytest.mark.slow(reason="starts a server of the full MLflow")

KFP_RUN = "8c1f-kfp-run"
STEPS = ("train", "evaluate", "register")


def state(client: MlflowClient, run_id: str) -> dict[str, Any]:
    """Return all that a server knows about a run, and the names of its artifacts."""
    files = [file.path for file in client.list_artifacts(run_id)]
    return {**client.get_run(run_id).to_dictionary(), "files": files}


def test_a_model_is_found_from_the_runs_of_the_plugin_which_stay_as_they_are(
    tmp_path: Path, prepared: Path
) -> None:
    steps = Steps(tmp_path / "steps", prepared, "beside-the-plugin")
    with tracking_server(tmp_path) as uri:
        client = MlflowClient(uri)
        experiment = client.create_experiment("KFP")
        pipeline = client.create_run(experiment, tags={"kfp.pipeline_run_id": KFP_RUN}).info.run_id
        above = {"mlflow.parentRunId": pipeline}
        tasks = {
            name: client.create_run(experiment, tags=above, run_name=name).info.run_id
            for name in STEPS
        }
        before = {run: state(client, run) for run in (pipeline, *tasks.values())}
        for name, task in tasks.items():
            plugin = {
                "MLFLOW_TRACKING_URI": uri,
                "MLFLOW_EXPERIMENT_ID": experiment,
                "MLFLOW_RUN_ID": task,
            }
            _, stderr = steps.start(name, uri, **plugin).communicate(timeout=120)
            assert (steps.folder / "run_id").exists(), stderr

        (version,) = client.search_model_versions("name='beside-the-plugin'")
        (child,) = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{tasks['train']}'")
        assert version.run_id == child.info.run_id == (steps.folder / "run_id").read_text()
        assert child.info.status == "FINISHED"
        assert child.data.tags["kfp.pipeline_run_id"] == KFP_RUN
        assert child.data.tags["pinion.evaluation"] == "passed"
        assert {run: state(client, run) for run in before} == before
        # The children of the other tasks are none, and no run is anywhere else.
        everywhere = [each.experiment_id for each in client.search_experiments()]
        assert {each.info.run_id for each in client.search_runs(everywhere)} == {
            *before,
            child.info.run_id,
        }
