"""The run of the step beside the runs of KFP's MLflow plugin, which no step may write to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from pinion_step.store import prepare_store
from train.conftest import Step, customers

KFP_RUN, KFP_PAGE = "3f2a-kfp", "http://kfp.example.com/#/runs/details/3f2a-kfp"


class Plugin:
    """The runs that the plugin makes before a step starts: of the pipeline, a graph, the task."""

    def __init__(self, client: MlflowClient, experiment: str, artifacts: Path) -> None:
        self.client = client
        self.experiment = client.create_experiment(experiment, artifacts.as_uri())
        links = {"kfp.pipeline_run_id": KFP_RUN, "kfp.pipeline_run_url": KFP_PAGE}
        self.pipeline = self._create("training of Monday", links)
        self.graph = self._create("condition-1", {"mlflow.parentRunId": self.pipeline})
        self.task = self._create("train", {"mlflow.parentRunId": self.graph})

    def _create(self, name: str, tags: dict[str, str]) -> str:
        return self.client.create_run(self.experiment, tags=tags, run_name=name).info.run_id

    def state(self) -> list[dict[str, Any]]:
        """Return all that MLflow knows about these runs, and the names of their artifacts."""
        runs = (self.pipeline, self.graph, self.task)
        return [
            {
                **self.client.get_run(each).to_dictionary(),
                "files": [file.path for file in self.client.list_artifacts(each)],
            }
            for each in runs
        ]


@pytest.fixture()
def plugin(step: Step, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plugin:
    """Return the plugin's runs in the store of the step, whose environment names the task's."""
    step.write(customers(), "price")
    prepare_store(step.tracking_uri)
    made = Plugin(MlflowClient(step.tracking_uri), f"KFP of {step.folder.name}", tmp_path / "kept")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", step.tracking_uri)
    monkeypatch.setenv("MLFLOW_RUN_ID", made.task)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", made.experiment)
    return made


def train(step: Step, *more: str) -> Run:
    """Train a ridge regression, and return the run of the step."""
    assert step.run("--model", "ridge", *more) == 0
    run_id = step.output("run_id").read_text()
    return MlflowClient(step.tracking_uri).get_run(run_id)


def test_the_run_is_a_child_of_the_task_in_the_experiment_of_the_plugin(
    step: Step, plugin: Plugin
) -> None:
    before = plugin.state()

    run = train(step, "--experiment", "pinion")

    assert run.info.run_id != plugin.task
    assert run.info.experiment_id == plugin.experiment
    assert run.data.tags["mlflow.parentRunId"] == plugin.task
    assert run.data.tags["kfp.pipeline_run_url"] == KFP_PAGE
    # From the plugin's run to the model, as a reader of MLflow finds it.
    found = plugin.client.search_runs(
        [plugin.experiment], f"tags.`kfp.pipeline_run_id` = '{KFP_RUN}'"
    )
    assert {each.info.run_id for each in found} == {plugin.pipeline, run.info.run_id}
    assert run.outputs
    (model,) = run.outputs.model_outputs
    assert model.model_id == step.output("model_id").read_text()
    assert plugin.state() == before


def test_an_experiment_that_was_asked_for_keeps_the_run(step: Step, plugin: Plugin) -> None:
    run = train(step)  # in the experiment of the test

    assert plugin.client.get_experiment(run.info.experiment_id).name == step.folder.name
    assert run.data.tags["mlflow.parentRunId"] == plugin.task


def test_a_search_nests_its_trials_below(step: Step, plugin: Plugin) -> None:
    before = plugin.state()

    run = train(step, "--experiment", "pinion", "--search", json.dumps({"trials": 2}))

    below = plugin.client.search_runs(
        [plugin.experiment], f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    )
    assert [each.info.run_name for each in below] == ["trial 2", "trial 1"]
    assert plugin.state() == before


def test_a_failed_fit_leaves_the_run_of_the_task_alone(step: Step, plugin: Plugin) -> None:
    before = plugin.state()

    assert step.run("--model", "ridge", "--model-params", '{"solver": "none"}') == 2

    assert plugin.state() == before


def test_a_run_of_another_mlflow_is_no_parent(
    step: Step, plugin: Plugin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)

    run = train(step)

    assert "mlflow.parentRunId" not in run.data.tags
    assert f"MLFLOW_RUN_ID: this MLflow has no run '{'0' * 32}'" in capsys.readouterr().err


def test_a_run_that_the_plugin_did_not_make_is_no_parent(
    step: Step, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = plugin.client.create_run(plugin.experiment, tags={}, run_name="a notebook")
    monkeypatch.setenv("MLFLOW_RUN_ID", mine.info.run_id)

    run = train(step)

    assert "mlflow.parentRunId" not in run.data.tags
    assert plugin.client.get_run(mine.info.run_id).info.status == "RUNNING"


def test_a_circle_of_parents_ends(
    step: Step, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = plugin.client
    mine = client.create_run(plugin.experiment, run_name="its own parent").info.run_id
    client.set_tag(mine, "mlflow.parentRunId", mine)
    monkeypatch.setenv("MLFLOW_RUN_ID", mine)

    assert "mlflow.parentRunId" not in train(step).data.tags
