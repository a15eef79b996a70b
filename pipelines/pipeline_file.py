"""A compiled pipeline file as KFP's own messages: its pipeline, and its settings for a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec

from pipelines import yaml_text
from pipelines.errors import PinionError
from pipelines.sources import Parameter, read_parameters


@dataclass(frozen=True)
class PipelineFile:
    """One file, read strictly: a field that KFP's messages do not have is refused by name.

    `platform` is the second document of the file, or None; `comments` are the lines on its top.
    """

    path: Path
    spec: Any
    platform: Any | None
    comments: str

    @classmethod
    def load(cls, path: Path) -> "PipelineFile":
        """Raises `PinionError` for a file that is no compiled pipeline."""
        text = _read(path)
        documents = _documents(path, text)
        if len(documents) > 2:
            raise PinionError(f"{path}: not a compiled pipeline: it has {len(documents)} documents")
        pipeline = _parse(path, documents[0], spec.PipelineSpec())
        if not pipeline.root.dag.tasks:
            raise PinionError(f"{path}: not a compiled pipeline: it has no root.dag.tasks")
        platform = _parse(path, documents[1], spec.PlatformSpec()) if documents[1:] else None
        lines = text.splitlines(keepends=True)
        comments = "".join(line for line in lines if line.startswith("#"))
        return cls(path, pipeline, platform, comments)

    @property
    def name(self) -> str:
        """What the pipeline is called."""
        return str(self.spec.pipeline_info.name)

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What a run can set; raises `PinionError` for a type that has no meaning here."""
        try:
            return read_parameters(self.spec.root)
        except ValueError as error:
            raise PinionError(f"{self.path}: {error}") from error

    @property
    def deployment(self) -> Any:
        """The executors, which the file holds as a free-form field, as their own message."""
        try:
            return json_format.ParseDict(
                json_format.MessageToDict(self.spec.deployment_spec),
                spec.PipelineDeploymentConfig(),
            )
        except json_format.ParseError as error:
            raise PinionError(f"{self.path}: not a compiled pipeline: {error}") from error

    def document(self) -> dict[str, Any]:
        """The file as KFP's API takes it."""
        pipeline: dict[str, Any] = json_format.MessageToDict(self.spec)
        if self.platform is None:
            return pipeline
        platform = json_format.MessageToDict(self.platform)
        return {"pipeline_spec": pipeline, "platform_spec": platform}

    def text(self) -> str:
        """The file as KFP's compiler writes it."""
        messages = [self.spec] if self.platform is None else [self.spec, self.platform]
        documents = (
            yaml.safe_dump(json_format.MessageToDict(each), sort_keys=True, allow_unicode=True)
            for each in messages
        )
        return self.comments + "---\n".join(documents)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise PinionError(
            f"{path} does not exist; python -m pipelines.compile makes one"
        ) from error
    except UnicodeDecodeError as error:
        raise PinionError(f"{path}: not YAML: {error}") from error


def _documents(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        documents = yaml_text.documents(text)
    except yaml.YAMLError as error:
        raise PinionError(f"{path}: not YAML: {error}") from error
    if not documents or not all(isinstance(each, dict) for each in documents):
        raise PinionError(f"{path}: not a compiled pipeline")
    return documents


def _parse(path: Path, document: dict[str, Any], message: Any) -> Any:
    try:
        return json_format.ParseDict(document, message)
    except json_format.ParseError as error:
        raise PinionError(f"{path}: not a compiled pipeline: {error}") from error
