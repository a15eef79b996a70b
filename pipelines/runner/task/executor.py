"""Exchange KFP's two JSON documents with a program, as KFP's launcher does.

Programs that do not know KFP write their outputs to the paths in their arguments instead.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from pipelines.compiled import values
from pipelines.compiled.container import ArtifactType, Container
from pipelines.compiled.kfp_messages import spec
from pipelines.compiled.values import Value
from pipelines.runner.task.backend import Artifact, Values


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


def _parameter(name: str, path: Path, kind: int, written: Any) -> Value:
    try:
        if name in written.parameter_values:
            return values.from_proto(written.parameter_values[name], kind)
        return values.parse(path.read_text(), kind)
    except FileNotFoundError:
        raise ValueError(f"it exited with 0 but did not write its output {name!r}") from None
    except ValueError as error:
        raise ValueError(f"its output {name!r}: {error}") from None
