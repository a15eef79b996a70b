"""Write a platform file's settings into an executor of a compiled file, in KFP's own messages."""

from collections.abc import Iterable, Iterator
from typing import Any

from kfp.kubernetes import kubernetes_executor_config_pb2 as pb

from pipelines.compiled.kfp_messages import spec
from pipelines.kubeflow.platform.settings import Resource, Settings, Toleration, Variable, Volume
from pipelines.system.errors import UsageError

_GIGABYTE = 10**9


def set_resources(resources: Any, settings: Settings) -> None:
    """Set a container's resources in the fields that KFP 2.17 writes.

    The numeric fields are for older servers. Each resource is replaced as a whole, because a
    request from the pipeline may be larger than a limit from the settings.
    """
    if settings.cpu:
        _set_resource(resources, "cpu", settings.cpu, 1)
    if settings.memory:
        _set_resource(resources, "memory", settings.memory, _GIGABYTE)
    if gpu := settings.gpu:
        accelerator = resources.accelerator
        accelerator.type = accelerator.resource_type = gpu.type
        accelerator.count, accelerator.resource_count = gpu.count, str(gpu.count)


def _set_resource(resources: Any, name: str, resource: Resource, unit: int) -> None:
    for bound, quantity in (("request", resource.request), ("limit", resource.limit)):
        setattr(resources, f"resource_{name}_{bound}", quantity.text)
        setattr(resources, f"{name}_{bound}", quantity.amount / unit)


def add_settings(config: Any, settings: Settings, step: str, reserved: Iterable[str]) -> None:
    """Add a step's settings to its `KubernetesExecutorConfig`, and keep those that it has.

    `reserved` holds the variables that the container itself sets. Raises `UsageError` if a variable
    or a path would be set twice.
    """
    config.active_deadline_seconds = settings.timeout or config.active_deadline_seconds
    config.image_pull_policy = settings.image_pull_policy or config.image_pull_policy
    _add(
        config.image_pull_secret,
        (
            pb.ImagePullSecret(secret_name=name, secret_name_parameter=_constant(name))
            for name in settings.image_pull_secrets
        ),
    )
    if settings.node_selector:
        # KFP would silently prefer labels that come from a parameter of the run.
        config.node_selector.ClearField("node_selector_json")
        config.node_selector.labels.update(settings.node_selector)
    _add(config.tolerations, map(_toleration, settings.tolerations))
    _add_variables(config, settings.variables.values(), step, reserved)
    for volume in settings.volumes.values():
        _add_volume(config, volume, step)


def _toleration(given: Toleration) -> Any:
    return pb.Toleration(
        key=given.key,
        operator=given.operator,
        value=given.value,
        effect=given.effect,
        toleration_seconds=given.seconds,
    )


def given_variables(config: Any) -> dict[str, str]:
    """Return an executor's environment variables, each with a description of its source."""
    found = {each.name: f"the field {each.field_path!r}" for each in config.field_path_as_env}
    for entry in config.secret_as_env:
        name = _object("secret", entry.secret_name, entry.secret_name_parameter)
        found |= {each.env_var: f"key {each.secret_key!r} of {name}" for each in entry.key_to_env}
    for entry in config.config_map_as_env:
        name = _object("config map", entry.config_map_name, entry.config_map_name_parameter)
        for each in entry.key_to_env:
            found[each.env_var] = f"key {each.config_map_key!r} of {name}"
    return found


def certain_variables(config: Any) -> set[str]:
    """Return the variables whose secret or config map must exist for the pod to start."""
    entries = (*config.secret_as_env, *config.config_map_as_env)
    return {each.env_var for entry in entries if not entry.optional for each in entry.key_to_env}


def _object(kind: str, name: str, parameter: Any) -> str:
    return f"the {kind} {(name or parameter.runtime_value.constant.string_value)!r}"


def _add_variables(
    config: Any, variables: Iterable[Variable], step: str, reserved: Iterable[str]
) -> None:
    given = given_variables(config)
    added: dict[tuple[str, str], list[Variable]] = {}
    for variable in variables:
        value = f"key {variable.key!r} of the {variable.source} {variable.object!r}"
        if variable.name in reserved:
            raise UsageError(
                f"{variable.where}: the component of step {step!r} sets {variable.name} itself;"
                " remove it"
            )
        if (there := given.get(variable.name, value)) != value:
            raise UsageError(
                f"{variable.where}: {variable.name} of step {step!r} comes from {there} in the"
                f" compiled file, but from {value} here; remove one of them"
            )
        if variable.name not in given:
            added.setdefault((variable.source, variable.object), []).append(variable)
    for (source, name), group in added.items():
        _add_group(config, source, name, group)


def _add_group(config: Any, source: str, name: str, variables: Iterable[Variable]) -> None:
    if source == "secret":
        entry = config.secret_as_env.add(secret_name=name, optional=False)
        entry.secret_name_parameter.CopyFrom(_constant(name))
        for each in variables:
            entry.key_to_env.add(secret_key=each.key, env_var=each.name)
    else:
        entry = config.config_map_as_env.add(config_map_name=name, optional=False)
        entry.config_map_name_parameter.CopyFrom(_constant(name))
        for each in variables:
            entry.key_to_env.add(config_map_key=each.key, env_var=each.name)


def _add_volume(config: Any, volume: Volume, step: str) -> None:
    field, message = _mount(volume)
    mounts = getattr(config, field)
    if message in mounts:
        return
    for name, path in _mounted(config):
        # KFP names a volume after what is mounted, and Kubernetes refuses a pod with two volumes of
        # one name.
        if name == volume.name or path.rstrip("/") == volume.path:
            raise UsageError(
                f"{volume.where}: step {step!r} cannot mount {volume.name!r} at {volume.path!r},"
                f" because it mounts {name!r} at {path!r}; each name and each path can be mounted"
                " only once"
            )
    mounts.append(message)


def _mount(volume: Volume) -> tuple[str, Any]:
    name, path = volume.name, volume.path
    if volume.source == "claim":
        return "pvc_mount", pb.PvcMount(
            constant=name,
            pvc_name_parameter=_constant(name),
            mount_path=path,
            sub_path=volume.sub_path,
        )
    if volume.source == "secret":
        return "secret_as_volume", pb.SecretAsVolume(
            secret_name=name,
            secret_name_parameter=_constant(name),
            mount_path=path,
            optional=False,
        )
    if volume.source == "config_map":
        return "config_map_as_volume", pb.ConfigMapAsVolume(
            config_map_name=name,
            config_map_name_parameter=_constant(name),
            mount_path=path,
            optional=False,
        )
    return "empty_dir_mounts", pb.EmptyDirMount(
        volume_name=name,
        mount_path=path,
        medium=volume.medium or None,
        size_limit=volume.size or None,
    )


def _mounted(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and path of each volume; the name is empty if a parameter supplies it."""
    for mount in config.pvc_mount:
        yield mount.pvc_name_parameter.runtime_value.constant.string_value, mount.mount_path
    for mount in config.secret_as_volume:
        yield mount.secret_name, mount.mount_path
    for mount in config.config_map_as_volume:
        yield mount.config_map_name, mount.mount_path
    for mount in (*config.empty_dir_mounts, *config.generic_ephemeral_volume):
        yield mount.volume_name, mount.mount_path


def _add(entries: Any, added: Iterable[Any]) -> None:
    for each in added:
        if each not in entries:
            entries.append(each)


def _constant(text: str) -> Any:
    parameter = spec.TaskInputsSpec.InputParameterSpec()
    parameter.runtime_value.constant.string_value = text
    return parameter
