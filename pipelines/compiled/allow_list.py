"""Read a compiled pipeline file strictly: a construct that is not supported is refused by name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from pipelines.compiled.container import Container
from pipelines.compiled.file import PipelineFile
from pipelines.system.errors import PinionError

# Every field of KFP's messages that our runners implement. A set field that is not listed is
# refused before anything starts: to ignore it would run another pipeline than the file describes.
_UNDERSTOOD = {
    "PipelineSpec": {
        "pipeline_info", "deployment_spec", "sdk_version", "schema_version", "components", "root",
    },
    "PipelineInfo": {"name", "display_name", "description"},
    "ComponentSpec": {"input_definitions", "output_definitions", "dag", "executor_label"},
    "ComponentInputsSpec": {"artifacts", "parameters"},
    "ComponentInputsSpec.ArtifactSpec": {"artifact_type", "is_optional", "description"},
    "ComponentInputsSpec.ParameterSpec": {
        "parameter_type", "default_value", "is_optional", "description", "literals",
    },
    "ComponentOutputsSpec": {"artifacts", "parameters"},
    "ComponentOutputsSpec.ArtifactSpec": {"artifact_type", "description"},
    "ComponentOutputsSpec.ParameterSpec": {"parameter_type", "description"},
    "ArtifactTypeSchema": {"schema_title", "schema_version"},
    "DagSpec": {"tasks", "outputs"},
    "DagOutputsSpec": {"artifacts", "parameters"},
    "DagOutputsSpec.DagOutputArtifactSpec": {"artifact_selectors"},
    "DagOutputsSpec.ArtifactSelectorSpec": {"producer_subtask", "output_artifact_key"},
    "DagOutputsSpec.DagOutputParameterSpec": {"value_from_parameter", "value_from_oneof"},
    "DagOutputsSpec.ParameterSelectorSpec": {"producer_subtask", "output_parameter_key"},
    "DagOutputsSpec.ParameterSelectorsSpec": {"parameter_selectors"},
    "PipelineTaskSpec": {
        "task_info", "inputs", "dependent_tasks", "caching_options", "component_ref",
        "trigger_policy", "retry_policy", "parameter_iterator", "iterator_policy",
    },
    "PipelineTaskInfo": {"name"},
    "PipelineTaskSpec.CachingOptions": {"enable_cache", "cache_key"},
    "PipelineTaskSpec.TriggerPolicy": {"condition", "strategy"},
    "PipelineTaskSpec.IteratorPolicy": {"parallelism_limit"},
    "ParameterIteratorSpec": {"items", "item_input"},
    "ParameterIteratorSpec.ItemsSpec": {"raw", "input_parameter"},
    "PipelineTaskSpec.RetryPolicy": {
        "max_retry_count", "backoff_duration", "backoff_factor", "backoff_max_duration",
    },
    "ComponentRef": {"name"},
    "TaskInputsSpec": {"parameters", "artifacts"},
    "TaskInputsSpec.InputParameterSpec": {
        "task_output_parameter", "runtime_value", "component_input_parameter",
        "task_final_status", "parameter_expression_selector",
    },
    "TaskInputsSpec.InputParameterSpec.TaskFinalStatus": {"producer_task"},
    "TaskInputsSpec.InputParameterSpec.TaskOutputParameterSpec": {
        "producer_task", "output_parameter_key",
    },
    "TaskInputsSpec.InputArtifactSpec": {"task_output_artifact", "component_input_artifact"},
    "TaskInputsSpec.InputArtifactSpec.TaskOutputArtifactSpec": {
        "producer_task", "output_artifact_key",
    },
    "ValueOrRuntimeParameter": {"constant"},
    "PipelineDeploymentConfig": {"executors"},
    "PipelineDeploymentConfig.ExecutorSpec": {"container"},
    # Runners that can enforce the limits in `resources` do; requests are for a cluster only.
    "PipelineDeploymentConfig.PipelineContainerSpec": {
        "image", "command", "args", "env", "resources",
    },
    "PipelineDeploymentConfig.PipelineContainerSpec.EnvVar": {"name", "value"},
}  # fmt: skip
_OPAQUE = {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.Duration"}


@dataclass(frozen=True)
class CompiledFile:
    """KFP's messages of one compiled file, all of whose fields are supported."""

    spec: Any
    executors: Any

    @classmethod
    def of(cls, file: PipelineFile) -> "CompiledFile":
        """Return the messages of a file; raise `PinionError` if it has an unsupported field."""
        if file.platform is not None:
            raise PinionError(
                f"{file.path} has a second document, of platform settings for a cluster; to run on"
                " this machine, compile it without --platform"
            )
        # In the pipeline it is a free-form field; it is checked as a message of its own.
        deployment = file.deployment
        _refuse_unknown(file.path, file.spec, "")
        _refuse_unknown(file.path, deployment, "deploymentSpec")
        return cls(file.spec, deployment.executors)

    def component(self, name: str) -> Any:
        """Return a component's message; raise `ValueError` if the file has no such component."""
        if name not in self.spec.components:
            raise ValueError(f"there is no component {name!r}")
        return self.spec.components[name]

    def container(self, component: Any) -> Container:
        """Return what a component runs; raise `ValueError` if the file has no such executor."""
        label = component.executor_label
        if label not in self.executors:
            raise ValueError(f"there is no executor {label!r}")
        return Container.read(self.executors[label].container, component.output_definitions)


def _refuse_unknown(path: Path, message: Message, where: str) -> None:
    kind = message.DESCRIPTOR.full_name.removeprefix("ml_pipelines.")
    if kind in _OPAQUE or kind.startswith(
        "PipelineDeploymentConfig.PipelineContainerSpec.Resource"
    ):
        return
    for field, value in message.ListFields():
        place = f"{where}.{field.json_name}".lstrip(".")
        if field.name not in _UNDERSTOOD.get(kind, set()):
            raise PinionError(
                f"{path}: {place} is not supported by this runner; run the file on a cluster"
            )
        for key, child in _children(field, value):
            _refuse_unknown(path, child, f"{place}{key}")


def _children(field: Any, value: Any) -> list[tuple[str, Message]]:
    if field.message_type is None:
        return []
    if field.message_type.GetOptions().map_entry:
        holds_messages = field.message_type.fields_by_name["value"].message_type is not None
        return [(f".{key}", value[key]) for key in value] if holds_messages else []
    if isinstance(value, Message):
        return [("", value)]
    return [(f"[{index}]", child) for index, child in enumerate(value)]
