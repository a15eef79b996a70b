"""Help the tests of the platform file: a pipeline of the SDK, and settings from text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kfp import compiler, dsl, kubernetes

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.runner.interpreter_testing import TEXT_STEP

Call = Callable[[Any], object]


def loaded(folder: Path, text: str) -> PlatformSettings:
    """Return the settings of a platform file with this text."""
    (folder / "platform.yaml").write_text(text)
    return PlatformSettings.load(folder / "platform.yaml")


def compiled(folder: Path, first: Call = id, second: Call = id, inner: Call = id) -> PipelineFile:
    """Compile three steps, `text`, `text-2` and, in a condition, `text-3`.

    Each step is passed to one call of the SDK.
    """

    @dsl.pipeline(name="three")
    def three(value: str = "x") -> None:
        first(TEXT_STEP(value=value))
        second(TEXT_STEP(value=value))
        with dsl.If(value == "x"):
            inner(TEXT_STEP(value="inner"))

    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(three, str(path))
    return PipelineFile.load(path)


def of_secret(name: str, **variables: str) -> Call:
    """Return the call of the SDK that takes variables from the keys of a secret."""
    keys = {key: variable for variable, key in variables.items()}
    return lambda task: kubernetes.use_secret_as_env(task, name, keys)
