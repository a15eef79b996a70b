"""Constructs that are refused by name before anything starts."""

from pathlib import Path
from typing import List  # noqa: UP035 - KFP reads this form

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import TEXT_STEP, Run, step
from pipelines.system.errors import PinionError

# ruff: noqa: UP006

LIST_READER = step(
    "reader", "[{name: data, type: Dataset}]", "[{inputPath: data}, {outputPath: out}]"
)


@dsl.component(install_kfp_package=False)
def read_all(data: dsl.Input[List[dsl.Dataset]]) -> int:
    return len(data)


@dsl.pipeline(name="importer")
def importer() -> None:
    dsl.importer(artifact_uri="s3://bucket/key", artifact_class=dsl.Dataset)


@dsl.pipeline(name="collected-artifacts")
def collected_artifacts() -> None:
    with dsl.ParallelFor(["a", "b"]) as item:
        made = TEXT_STEP(value=item)
    read_all(data=dsl.Collected(made.outputs["out"]))


@dsl.pipeline(name="loop-over-artifacts")
def loop_over_artifacts(data: dsl.Input[List[dsl.Dataset]]) -> None:
    with dsl.ParallelFor(data) as item:
        LIST_READER(data=item)


@dsl.container_component
def bare() -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="alpine", args=["x"])


@dsl.pipeline(name="no-command")
def no_command() -> None:
    bare()


@dsl.pipeline(name="inner")
def inner() -> None:
    TEXT_STEP(value="a")


@dsl.pipeline(name="retried-pipeline")
def retried_pipeline() -> None:
    inner().set_retry(2)


@dsl.pipeline(name="escaped")
def escaped() -> None:
    TEXT_STEP(value="{{$.inputs.artifacts['data'].metadata['rows']}}")


@dsl.pipeline(name="executor-input")
def executor_input() -> None:
    TEXT_STEP(value="{{$}}")


@pytest.mark.parametrize(
    ("pipeline", "named"),
    [
        (importer, "deploymentSpec.executors.exec-importer.importer is not supported"),
        (collected_artifacts, "isArtifactList is not supported"),
        (loop_over_artifacts, "isArtifactList is not supported"),
        (no_command, "ignores the image's entry point; give the component a command"),
        (retried_pipeline, "'inner': retrying a whole pipeline is not supported"),
        (escaped, "metadata['rows']}} is not supported"),
        (executor_input, "'{{$}}' holds a placeholder that is allowed only in a command"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_unsupported_construct_is_named(tmp_path: Path, pipeline: object, named: str) -> None:
    with pytest.raises(PinionError) as caught:
        Run(tmp_path, pipeline)
    assert named in str(caught.value)
