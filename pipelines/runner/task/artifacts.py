"""Artifacts, and the inputs or outputs of a task by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.compiled.container import ArtifactType
from pipelines.compiled.values import Value


@dataclass(frozen=True)
class Artifact:
    """One artifact; a task may store it elsewhere, so its URI is not always a path."""

    uri: str
    type: ArtifactType
    name: str = ""
    metadata: Mapping[str, Value] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Its path on this machine."""
        return Path(self.uri)


@dataclass
class Values:
    """Named parameters and artifacts: the inputs or the outputs of a task."""

    parameters: dict[str, Value] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
