"""Apply a platform file's settings to a compiled file, so that one release serves every cluster."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2 as pb

from pipelines.compiled.file import PIPELINE_RUN, RELEASE, PipelineFile
from pipelines.compiled.kfp_messages import spec
from pipelines.kubeflow.platform.executor import (
    add_settings,
    certain_variables,
    given_variables,
    set_resources,
)
from pipelines.kubeflow.platform.file import PlatformSettings, step_name
from pipelines.kubeflow.platform.parts import suggestion
from pipelines.kubeflow.platform.settings import Settings
from pipelines.system.errors import PinionError, UsageError

_KUBERNETES = "kubernetes"
# KFP's driver carries out KFP's own steps, with these images: they start no pod.
_WITHOUT_A_POD = "argostub/"
# KFP labels every pod of a run with the run's id.
_RUN_ID = "metadata.labels['pipeline/runid']"


@dataclass(frozen=True)
class _Step:
    name: str
    task: Any
    executor: str
    component: Any


def apply(settings: PlatformSettings, file: PipelineFile) -> PipelineFile:
    """Return the file with the settings applied.

    Resources, retries and caching go into its first document, the rest into its second. Settings
    that the file already has are kept; if only one value is possible, the platform file's wins.
    Applying the settings twice has the same result as applying them once.

    Raises `UsageError` for a step that the file does not have, and for a setting that contradicts
    the file.
    """
    pipeline, platform = deepcopy(file.spec), deepcopy(file.platform or spec.PlatformSpec())
    deployment = file.deployment
    steps = _steps(pipeline, deployment)
    _refuse_unknown(settings, steps)
    for step in steps:
        _set_task(step.task, settings.of(step.name))
    for executor, step in _by_executor(settings, file, steps).items():
        chosen, container = settings.of(step.name), deployment.executors[executor].container
        set_resources(container.resources, chosen)
        config = _config(file, platform, executor)
        where = f"{settings.path}: step {step.name!r}"
        add_settings(config, chosen, where, _own_variables(container))
        _put(platform, executor, config)
    pipeline.deployment_spec.Clear()
    pipeline.deployment_spec.update(json_format.MessageToDict(deployment))
    return replace(file, spec=pipeline, platform=platform if platform.platforms else None)


def add_run_id(file: PipelineFile) -> PipelineFile:
    """Return the file whose steps receive the id of their run in an environment variable.

    The id comes from a label of their pods. It is not a parameter, because a cluster's cache would
    then never find anything. Steps without a release variable belong to another project and stay as
    they are, and so does a step that already has the run variable.
    """
    platform = deepcopy(file.platform or spec.PlatformSpec())
    for label, executor in sorted(file.deployment.executors.items()):
        own, config = _own_variables(executor.container), _config(file, platform, label)
        if RELEASE in own and PIPELINE_RUN not in own | given_variables(config).keys():
            config.field_path_as_env.add(name=PIPELINE_RUN, field_path=_RUN_ID)
            _put(platform, label, config)
    return replace(file, platform=platform if platform.platforms else None)


def has_variable(file: PipelineFile, variable: str) -> bool:
    """Return whether every step that may need an environment variable has it.

    These are the steps with a parameter of its name in lower case, which fall back to the variable
    if the parameter is empty; if there are none, they are all steps. A variable from an optional
    secret or config map does not count.
    """
    deployment, platform = file.deployment, file.platform or spec.PlatformSpec()
    steps = _steps(file.spec, deployment)
    name = variable.lower()
    asking = [each for each in steps if name in each.component.input_definitions.parameters]
    return all(
        variable in certain_variables(_config(file, platform, step.executor))
        or variable in _own_variables(deployment.executors[step.executor].container)
        for step in asking or steps
    )


def _steps(pipeline: Any, deployment: Any) -> list[_Step]:
    """Return every task that starts a container, at any depth of the graph."""
    found = []
    for graph in (pipeline.root, *pipeline.components.values()):
        for name, task in graph.dag.tasks.items():
            component = pipeline.components.get(task.component_ref.name)
            label = component.executor_label if component else ""
            image = deployment.executors[label].container.image if label else ""
            if image and not image.startswith(_WITHOUT_A_POD):
                found.append(_Step(name, task, label, component))
    # A protobuf map has no order; sorting makes the first error the same every time.
    return sorted(found, key=lambda step: step.name)


def _put(platform: Any, executor: str, config: Any) -> None:
    if config.ByteSize():
        of_platform = platform.platforms[_KUBERNETES].deployment_spec.executors[executor]
        of_platform.Clear()
        of_platform.update(json_format.MessageToDict(config))


def _own_variables(container: Any) -> set[str]:
    return {variable.name for variable in container.env}


def _refuse_unknown(settings: PlatformSettings, steps: Iterable[_Step]) -> None:
    known = sorted({step.name for step in steps})
    for name in settings.steps.keys() - set(map(step_name, known)):
        raise UsageError(
            f"{settings.path}: the pipeline has no step {name!r}; {suggestion(name, known)}"
        )


def _by_executor(
    settings: PlatformSettings, file: PipelineFile, steps: Iterable[_Step]
) -> dict[str, _Step]:
    """Return one step for each executor; steps that share one must have the same settings."""
    first: dict[str, _Step] = {}
    for step in steps:
        other = first.setdefault(step.executor, step)
        if settings.of(step.name).of_the_executor() != settings.of(other.name).of_the_executor():
            raise UsageError(
                f"{settings.path}: {other.name!r} and {step.name!r} have different settings, but"
                f" share the executor {step.executor!r} in {file.path}; give both the same"
            )
    return first


def _set_task(task: Any, settings: Settings) -> None:
    if settings.cache is not None:
        task.caching_options.enable_cache = settings.cache
    if retries := settings.retries:
        task.ClearField("retry_policy")
        if retries.count:
            task.retry_policy.max_retry_count = retries.count
            task.retry_policy.backoff_duration.FromSeconds(retries.backoff)
            task.retry_policy.backoff_factor = retries.factor
            task.retry_policy.backoff_max_duration.FromSeconds(retries.longest)


def _config(file: PipelineFile, platform: Any, executor: str) -> Any:
    """Return the Kubernetes settings that an executor already has.

    The file holds them as a free-form field.
    """
    config = pb.KubernetesExecutorConfig()
    # Reading a missing entry would add it to the message.
    given = json_format.MessageToDict(platform).get("platforms", {}).get(_KUBERNETES, {})
    try:
        own = given.get("deploymentSpec", {}).get("executors", {}).get(executor, {})
        json_format.ParseDict(own, config)
    except json_format.ParseError as error:
        raise PinionError(
            f"{file.path}: the settings of {executor} cannot be read: {error}"
        ) from error
    return config
