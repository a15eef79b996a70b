"""Write a platform file's settings into an executor of a compiled file, in KFP's own messages."""

from collections.abc import Iterable, Iterator
from typing import Any

from kfp.kubernetes import kubernetes_executor_config_pb2 as pb

from pipelines.compiled.kfp_messages import spec
from pipelines.kubeflow.platform.parts import Volume
from pipelines.kubeflow.platform.settings import SOURCES, Settings, Variable
from pipelines.system.errors import UsageError

_GIGABYTE = 10**9
# The fields that mount something under a constant name, each with the field of that name.
_MOUNTS = {
    "secret_as_volume": "secret_name",
    "config_map_as_volume": "config_map_name",
    "empty_dir_mounts": "volume_name",
    "generic_ephemeral_volume": "volume_name",
}


def set_resources(resources: Any, settings: Settings) -> None:
    """Set a container's resources in the fields that KFP 2.17 writes.

    The numeric fields are for older servers. Each resource is replaced as a whole, because a
    request from the pipeline may be larger than a limit from the settings.
    """
    for name, resource, unit in (
        ("cpu", settings.cpu, 1),
        ("memory", settings.memory, _GIGABYTE),
    ):
        for bound, quantity in dict(resource or {}).items():
            setattr(resources, f"resource_{name}_{bound}", quantity.text)
            setattr(resources, f"{name}_{bound}", quantity.amount / unit)
    if gpu := settings.gpu:
        accelerator = resources.accelerator
        accelerator.type = accelerator.resource_type = gpu.type
        accelerator.count, accelerator.resource_count = gpu.count, str(gpu.count)


def add_settings(config: Any, settings: Settings, where: str, reserved: Iterable[str]) -> None:
    """Add a step's settings to its `KubernetesExecutorConfig`, and keep those that it has.

    `where` names file and step in errors; `reserved` holds the variables that the container itself
    sets. Raises `UsageError` if a variable or a path would be set twice.
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
    _add(config.tolerations, (pb.Toleration(**dict(each)) for each in settings.tolerations))
    _add_variables(config, settings.variables, where, reserved)
    for volume in settings.volumes:
        _add_volume(config, volume, where)


def given_variables(config: Any) -> dict[str, str]:
    """Return an executor's environment variables, each with a description of its source."""
    found = {each.name: f"the field {each.field_path!r}" for each in config.field_path_as_env}
    for source in SOURCES:
        for entry in getattr(config, f"{source}_as_env"):
            parameter = getattr(entry, f"{source}_name_parameter").runtime_value.constant
            name = getattr(entry, f"{source}_name") or parameter.string_value
            for each in entry.key_to_env:
                key = getattr(each, f"{source}_key")
                found[each.env_var] = Variable(each.env_var, source, name, key).origin
    return found


def certain_variables(config: Any) -> set[str]:
    """Return the variables whose secret or config map must exist for the pod to start."""
    entries = (*config.secret_as_env, *config.config_map_as_env)
    return {each.env_var for entry in entries if not entry.optional for each in entry.key_to_env}


def _add_variables(
    config: Any, variables: Iterable[Variable], where: str, reserved: Iterable[str]
) -> None:
    given = given_variables(config)
    added: dict[tuple[str, str], list[Variable]] = {}
    for variable in variables:
        if variable.name in reserved:
            raise UsageError(f"{where}: its component sets {variable.name} itself; remove it")
        if (there := given.get(variable.name, variable.origin)) != variable.origin:
            raise UsageError(
                f"{where}: {variable.name} comes from {there} in the compiled file, but from"
                f" {variable.origin} here; remove one of them"
            )
        if variable.name not in given:
            added.setdefault((variable.source, variable.object), []).append(variable)
    for (source, name), group in added.items():
        entry = getattr(config, f"{source}_as_env").add(optional=False, **{f"{source}_name": name})
        getattr(entry, f"{source}_name_parameter").CopyFrom(_constant(name))
        for each in group:
            entry.key_to_env.add(env_var=each.name, **{f"{source}_key": each.key})


def _add_volume(config: Any, volume: Volume, where: str) -> None:
    field, volume_name, message = _mount(volume)
    mounts = getattr(config, field)
    if message in mounts:
        return
    for name, path in _mounted(config):
        # KFP names a volume after what is mounted, and Kubernetes refuses a pod with two volumes of
        # one name.
        if name == volume_name or path.rstrip("/") == volume.path:
            raise UsageError(
                f"{where} cannot mount {volume_name!r} at {volume.path!r}, because it mounts"
                f" {name!r} at {path!r}; each name and each path can be mounted only once"
            )
    mounts.append(message)


def _mount(volume: Volume) -> tuple[str, str, Any]:
    """Return the field of the message that mounts a volume, the volume's name, and the message."""
    if name := volume.claim:
        of_claim = {"constant": name, "pvc_name_parameter": _constant(name)}
        claim = pb.PvcMount(**of_claim, mount_path=volume.path, sub_path=volume.sub_path)
        return "pvc_mount", name, claim
    for source, message in (("secret", pb.SecretAsVolume), ("config_map", pb.ConfigMapAsVolume)):
        if name := getattr(volume, source):
            of_object = {f"{source}_name": name, f"{source}_name_parameter": _constant(name)}
            files = message(**of_object, mount_path=volume.path, optional=False)
            return f"{source}_as_volume", name, files
    name = volume.empty_dir or ""
    size = volume.size.text if volume.size else None
    folder = pb.EmptyDirMount(
        volume_name=name, mount_path=volume.path, medium=volume.medium, size_limit=size
    )
    return "empty_dir_mounts", name, folder


def _mounted(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and path of each volume; the name is empty if a parameter supplies it."""
    for mount in config.pvc_mount:
        yield mount.pvc_name_parameter.runtime_value.constant.string_value, mount.mount_path
    for field, name in _MOUNTS.items():
        for mount in getattr(config, field):
            yield getattr(mount, name), mount.mount_path


def _add(entries: Any, added: Iterable[Any]) -> None:
    entries.extend(each for each in added if each not in entries)


def _constant(text: str) -> Any:
    constant = {"constant": {"string_value": text}}
    return spec.TaskInputsSpec.InputParameterSpec(runtime_value=constant)
