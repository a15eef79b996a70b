"""Read a compiled pipeline file as KFP's own messages: the pipeline and its platform settings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format

from pipelines.compiled.input_sources import Parameter, read_parameters
from pipelines.compiled.kfp_messages import spec
from pipelines.system import yaml_text
from pipelines.system.errors import PinionError

# The variables from which the steps learn their release.
RELEASE = "PINION_RELEASE"
COMPONENTS = "PINION_COMPONENTS"
# And their run: its id on a cluster, the name of its folder here.
PIPELINE_RUN = "PINION_PIPELINE_RUN"


@dataclass(frozen=True)
class PipelineFile:
    """A compiled file, read strictly: a field that KFP's messages do not have is refused by name.

    `platform` is the second document of the file, or None; `comments` are the lines at its top.
    """

    path: Path
    spec: Any
    platform: Any | None
    comments: str

    @classmethod
    def load(cls, path: Path) -> "PipelineFile":
        """Read a file; raise `PinionError` if it is not a compiled pipeline."""
        return cls.parse(path, read_bytes(path))

    @classmethod
    def parse(cls, path: Path, content: bytes) -> "PipelineFile":
        """Parse the content of a file; `path` is for errors. Raise `PinionError` as `load` does."""
        with _refusing(path):
            text = content.decode()
            documents = yaml_text.documents(text)
            if not documents or not all(isinstance(each, dict) for each in documents):
                raise PinionError(f"{path}: not a compiled pipeline")
            if len(documents) > 2:
                raise PinionError(
                    f"{path}: not a compiled pipeline: it has {len(documents)} documents"
                )
            pipeline = json_format.ParseDict(documents[0], spec.PipelineSpec())
            if not pipeline.root.dag.tasks:
                raise PinionError(f"{path}: not a compiled pipeline: it has no root.dag.tasks")
            platform = (
                json_format.ParseDict(documents[1], spec.PlatformSpec()) if documents[1:] else None
            )
        comments = (line for line in text.splitlines(keepends=True) if line.startswith("#"))
        return cls(path, pipeline, platform, "".join(comments))

    @property
    def name(self) -> str:
        """The name of the pipeline."""
        return str(self.spec.pipeline_info.name)

    @property
    def release(self) -> str:
        """The release in the steps' environment; empty if the file was not made for one."""
        return self._variable(RELEASE)

    @property
    def components(self) -> Mapping[str, str]:
        """The components in the steps' environment, with their versions but no digests."""
        pairs = (each.partition("=") for each in self._variable(COMPONENTS).split(",") if each)
        return {name: exact.partition("@")[0] for name, _, exact in pairs}

    @property
    def images(self) -> list[str]:
        """The images of the steps, each once."""
        executors = self.deployment.executors.values()
        return sorted({each.container.image for each in executors} - {""})

    @property
    def steps(self) -> list[str]:
        """The names of the tasks that run a container, at any depth, in a possible order."""
        try:
            return list(dict.fromkeys(_steps(self.spec, self.spec.root.dag)))
        except (CycleError, RecursionError) as error:
            raise PinionError(f"{self.path}: its tasks depend on each other in a circle") from error

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What a run can set; raises `PinionError` for a type that is not supported."""
        try:
            return read_parameters(self.spec.root)
        except ValueError as error:
            raise PinionError(f"{self.path}: {error}") from error

    @property
    def deployment(self) -> Any:
        """The executors as a message of their own; the file holds them as a free-form field."""
        with _refusing(self.path):
            return json_format.ParseDict(
                json_format.MessageToDict(self.spec.deployment_spec),
                spec.PipelineDeploymentConfig(),
            )

    def _variable(self, name: str) -> str:
        """Return the value that a variable has in every step; empty if it is not set."""
        executors = self.deployment.executors.values()
        variables = (variable for each in executors for variable in each.container.env)
        return next((str(each.value) for each in variables if each.name == name), "")

    def uncached(self) -> "PipelineFile":
        """Return the same file with caching turned off for every step."""
        pipeline = spec.PipelineSpec()
        pipeline.CopyFrom(self.spec)
        for task in tasks_of(pipeline):
            task.caching_options.Clear()
            task.caching_options.SetInParent()
        return replace(self, spec=pipeline)

    def document(self) -> dict[str, Any]:
        """Return the file as KFP's API takes it."""
        pipeline: dict[str, Any] = json_format.MessageToDict(self.spec)
        if self.platform is None:
            return pipeline
        return {
            "pipeline_spec": pipeline,
            "platform_spec": json_format.MessageToDict(self.platform),
        }

    def text(self) -> str:
        """Return the file as KFP's compiler writes it."""
        messages = [self.spec] if self.platform is None else [self.spec, self.platform]
        documents = (
            yaml.safe_dump(json_format.MessageToDict(each), sort_keys=True, allow_unicode=True)
            for each in messages
        )
        return self.comments + "---\n".join(documents)


def tasks_of(pipeline: Any) -> Iterator[Any]:
    """Yield the message of every task of a `PipelineSpec`, at any depth."""
    for dag in (pipeline.root.dag, *(each.dag for each in pipeline.components.values())):
        yield from dag.tasks.values()


def steps_of(document: Mapping[str, Any]) -> list[str]:
    """Return the steps of a file that KFP's API returned; none if it cannot be read."""
    pipeline = document.get("pipeline_spec") or document
    try:
        message = json_format.ParseDict(pipeline, spec.PipelineSpec(), ignore_unknown_fields=True)
        return list(dict.fromkeys(_steps(message, message.root.dag)))
    except (json_format.ParseError, CycleError, RecursionError):
        return []


def _steps(pipeline: Any, dag: Any) -> Iterator[str]:
    after = {name: sorted(dag.tasks[name].dependent_tasks) for name in sorted(dag.tasks)}
    for name in TopologicalSorter(after).static_order():
        component = dag.tasks[name].component_ref.name if name in dag.tasks else ""
        # Reading a missing entry would add it to the message.
        if component in pipeline.components:
            if pipeline.components[component].executor_label:
                yield name
            yield from _steps(pipeline, pipeline.components[component].dag)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a compiled file; raise `PinionError` if it does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PinionError(
            f"{path} does not exist; write one with: python -m pipelines.compile"
        ) from error


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn errors of parsing into `PinionError`s that name the file."""
    try:
        yield
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise PinionError(f"{path}: not YAML: {error}") from error
    except json_format.ParseError as error:
        raise PinionError(f"{path}: not a compiled pipeline: {error}") from error
