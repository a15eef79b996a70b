"""Launch one container task: prepare its arguments and folder, and collect its outputs.

As KFP's launcher does, it exchanges two JSON documents with a program. Programs that do not know
KFP write their outputs to the paths in their arguments instead.
"""

import errno
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from pipelines.compiled import placeholders, values
from pipelines.compiled.container import ArtifactType, Container, Limits
from pipelines.compiled.kfp_messages import spec
from pipelines.runner.task.backend import Artifact, Backend, Call, TaskFailedError, Values
from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Launcher:
    """Run container tasks in the folder of a run."""

    backend: Backend
    folder: Path

    def names(self, task: str) -> dict[str, str]:
        """Return KFP's names of the run and of a task; a run here has one name for all of KFP's."""
        run = self.folder.name
        return {
            "pipeline_job_name": run,
            "pipeline_job_resource_name": run,
            "pipeline_job_uuid": run,
            "pipeline_task_name": task,
            "pipeline_task_uuid": f"{run}.{task}",
        }

    def call(self, name: str, container: Container, inputs: Values) -> Call:
        """Return a task that is ready to start; raise `PinionError` for an invalid limit."""
        folder = self.folder / name
        bindings = placeholders.Bindings(
            parameters=inputs.parameters,
            artifacts={key: artifact.uri for key, artifact in inputs.artifacts.items()},
            run=self.names(name),
            output_artifacts=artifact_paths(container, folder),
            output_parameters=parameter_paths(container, folder),
            executor_input=executor_input(inputs, container, folder),
            output_file=str(output_file(folder)),
        )
        return Call(
            name=name,
            image=container.image,
            command=tuple(placeholders.resolve(container.command, bindings)),
            environment={
                name: placeholders.substitute(value, bindings)
                for name, value in container.environment.items()
            },
            folder=folder,
            log=self.folder / "logs" / f"{name}.log",
            parameters={key: values.to_text(value) for key, value in inputs.parameters.items()},
            inputs=tuple(
                artifact.path for artifact in inputs.artifacts.values() if artifact.path.exists()
            ),
            limits=_limits(container, bindings),
        )

    def attempt(self, call: Call, container: Container) -> Values:
        """Run a task once, in the calling thread; raise `TaskFailedError` or `StoppedError`."""
        try:
            # The remains of a failed attempt must not be taken for outputs of this one.
            shutil.rmtree(call.folder, ignore_errors=True)
            call.folder.mkdir(parents=True)
            call.log.parent.mkdir(exist_ok=True)
            self.backend.run(call)
            return read_outputs(container, call.folder)
        except ValueError as error:
            raise TaskFailedError(call.name, str(error), call.log) from None
        except OSError as error:
            raise TaskFailedError(call.name, _refusal(error, call), call.log) from None


def _refusal(error: OSError, call: Call) -> str:
    if error.errno == errno.E2BIG:
        longest = max(len(os.fsencode(argument)) for argument in call.command)
        return (
            "its arguments are longer than the system allows, the longest has"
            f" {longest} bytes; pass that value in a file"
        )
    where = f" {str(error.filename)!r}" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _limits(container: Container, bindings: placeholders.Bindings) -> Limits:
    try:
        return Limits.parse(
            placeholders.substitute(container.memory, bindings),
            placeholders.substitute(container.cpu, bindings),
        )
    except ValueError as error:
        raise PinionError(f"its limit {error}") from None


def output_file(folder: Path) -> Path:
    """Return the file in which a program may report its outputs."""
    return folder / "executor_output.json"


def artifact_paths(container: Container, folder: Path) -> dict[str, Path]:
    """Return the paths to which a program writes its output artifacts."""
    return {name: folder / name for name in container.artifacts}


def parameter_paths(container: Container, folder: Path) -> dict[str, Path]:
    """Return the paths to which a program writes its output parameters."""
    return {name: folder / f"{name}.txt" for name in container.parameters}


def executor_input(inputs: Values, container: Container, folder: Path) -> str:
    """Return KFP's message about a program's inputs, as JSON."""
    outputs = {
        name: Artifact(str(path), container.artifacts[name], name)
        for name, path in artifact_paths(container, folder).items()
    }
    return json.dumps(
        {
            "inputs": {"parameterValues": inputs.parameters, "artifacts": _lists(inputs.artifacts)},
            "outputs": {
                "parameters": {
                    name: {"outputFile": str(path)}
                    for name, path in parameter_paths(container, folder).items()
                },
                "artifacts": _lists(outputs),
                "outputFile": str(output_file(folder)),
            },
        },
        ensure_ascii=False,
    )


def read_outputs(container: Container, folder: Path) -> Values:
    """Return the outputs of a program that succeeded; raise `ValueError` if one is missing."""
    written = _written(output_file(folder))
    outputs = Values()
    for name, path in artifact_paths(container, folder).items():
        kind = container.artifacts[name]
        if name in written.artifacts and written.artifacts[name].artifacts:
            outputs.artifacts[name] = _reported(written.artifacts[name].artifacts[0], path, kind)
        elif path.exists():
            outputs.artifacts[name] = Artifact(str(path), kind, name)
        else:
            raise ValueError(f"it exited with 0 but did not write its output {name!r}")
        _refuse_outside(outputs.artifacts[name], name, folder)
    for name, path in parameter_paths(container, folder).items():
        outputs.parameters[name] = _parameter(name, path, container.parameters[name], written)
    return outputs


def _refuse_outside(artifact: Artifact, name: str, folder: Path) -> None:
    """Refuse an output outside the step's folder, because later steps would read that file."""
    path = artifact.path
    if path.exists() and not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"its output {name!r} is {artifact.uri}, which is outside the step's own folder"
        )


def _lists(artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    return {
        name: {
            "artifacts": [
                {
                    "name": each.name,
                    "uri": each.uri,
                    "type": {
                        "schemaTitle": each.type.title,
                        "schemaVersion": each.type.version,
                    },
                    "metadata": dict(each.metadata),
                }
            ]
        }
        for name, each in artifacts.items()
    }


def _written(file: Path) -> Any:
    if not file.exists():
        return spec.ExecutorOutput()
    try:
        return json_format.Parse(file.read_bytes(), spec.ExecutorOutput())
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"its {file.name} is not in KFP's format: {error}") from None


def _reported(artifact: Any, path: Path, kind: ArtifactType) -> Artifact:
    metadata = {
        key: values.whole(value)
        for key, value in json_format.MessageToDict(artifact.metadata).items()
    }
    return Artifact(artifact.uri or str(path), kind, artifact.name or path.name, metadata)


def _parameter(name: str, path: Path, kind: int, written: Any) -> values.Value:
    try:
        if name in written.parameter_values:
            return values.from_proto(written.parameter_values[name], kind)
        return values.parse_output(path.read_text(), kind)
    except FileNotFoundError:
        raise ValueError(f"it exited with 0 but did not write its output {name!r}") from None
    except ValueError as error:
        raise ValueError(f"its output {name!r}: {error}") from None
