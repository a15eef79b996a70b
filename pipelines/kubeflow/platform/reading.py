"""Read the settings of one step, or of all steps, from a platform file."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipelines.kubeflow.platform import values as values
from pipelines.kubeflow.platform.entries import Entry
from pipelines.kubeflow.platform.settings import (
    Gpu,
    Quantity,
    Resource,
    Retries,
    Settings,
    Source,
    Toleration,
    Variable,
    Volume,
    VolumeSource,
)
from pipelines.system.errors import UsageError

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_OPERATORS = ("Exists", "Equal")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# The sources of a volume, each with the settings that it allows.
_VOLUMES: Mapping[VolumeSource, tuple[str, ...]] = {
    "claim": ("sub_path",),
    "secret": (),
    "config_map": (),
    "empty_dir": ("medium", "size"),
}


def read_settings(entry: Entry) -> Settings:
    """Return the settings of an entry.

    Raises `UsageError` for an unknown setting, and for a value that Kubernetes would refuse.
    """
    found = entry.entries("settings")
    if "service_account" in found:
        raise found["service_account"].error(
            "a service account applies to the whole run; move it to the top of the file"
        )
    found = entry.known(SETTINGS)
    parsed = {name: SETTINGS[name](each) for name, each in found.items()}
    variables: dict[str, Variable] = {}
    for variable in (*parsed.pop("secrets", ()), *parsed.pop("config_maps", ())):
        if (other := variables.setdefault(variable.name, variable)) is not variable:
            raise UsageError(
                f"{variable.where}: {entry.name}: {variable.name} comes from the {other.source}"
                f" {other.object!r} and from the {variable.source} {variable.object!r}; keep one"
            )
    return Settings(**parsed, variables=variables)


def _resource(quantity: Callable[[Entry], Quantity]) -> Callable[[Entry], Resource]:
    def read(entry: Entry) -> Resource:
        if entry.kind != "map":
            both = quantity(entry)
            return Resource(both, both)
        found = {name: quantity(each) for name, each in entry.known(("request", "limit")).items()}
        resource = Resource(**found)
        if not found:
            raise entry.error("must have a request, a limit, or both")
        if len(found) == 2 and resource.request.amount > resource.limit.amount:
            raise entry.error(
                f"the request {resource.request.text!r} is larger than the limit"
                f" {resource.limit.text!r}"
            )
        return resource

    return read


def _gpu(entry: Entry) -> Gpu:
    found = entry.known(("type", "count"))
    if "type" not in found:
        raise entry.error("must have a type, such as nvidia.com/gpu")
    count = found["count"].whole(1) if "count" in found else 1
    return Gpu(values.resource_type(found["type"]), count)


def _retries(entry: Entry) -> Retries:
    if entry.kind != "map":
        return Retries(entry.whole(0))
    found = entry.known(("count", "backoff", "factor", "longest"))
    if "count" not in found:
        raise entry.error("must have a count")
    readers: dict[str, Callable[[Entry], int]] = {
        "count": lambda each: each.whole(0),
        "backoff": lambda each: values.seconds(each, 0),
        # Only whole numbers, although KFP allows others: Argo fails a run at its first retry if the
        # factor is 1.5.
        "factor": lambda each: each.whole(1),
        "longest": values.seconds,
    }
    return Retries(**{name: readers[name](each) for name, each in found.items()})


def _node_selector(entry: Entry) -> dict[str, str]:
    return {
        values.label_key(key): values.label_value(value)
        for key, value in _pairs(entry, "labels of nodes and their values")
    }


def _tolerations(entry: Entry) -> tuple[Toleration, ...]:
    return tuple(map(_toleration, entry.items("tolerations")))


def _toleration(entry: Entry) -> Toleration:
    found = entry.known(("key", "operator", "value", "effect", "toleration_seconds"))
    readers: dict[str, Callable[[Entry], str]] = {
        "key": values.label_key,
        "operator": lambda each: values.choice(each, _OPERATORS),
        "value": values.label_value,
        "effect": lambda each: values.choice(each, _EFFECTS),
    }
    seconds = found.pop("toleration_seconds", None)
    given = {name: readers[name](each) for name, each in found.items()}
    if given.get("operator") == "Exists" and "value" in given:
        raise found["value"].error("the operator Exists takes no value; remove it")
    if "key" not in given and given.get("operator") != "Exists":
        raise entry.error("must have a key, or the operator Exists")
    if seconds and given.get("effect") != "NoExecute":
        raise seconds.error("toleration_seconds needs the effect NoExecute")
    return Toleration(**given, seconds=seconds.whole(0) if seconds else None)


def _variables(source: Source) -> Callable[[Entry], tuple[Variable, ...]]:
    def read(entry: Entry) -> tuple[Variable, ...]:
        found = []
        for name, variables in _pairs(entry, f"names of {source}s"):
            holder = values.object_name(name)
            # The value may be a secret, so the message does not show it.
            if variables.kind != "map":
                raise variables.error(
                    f"must be a mapping of environment variables to keys of the {source}"
                )
            for variable, key in _pairs(variables, "environment variables"):
                named, key_name = values.variable_name(variable), values.data_key(key)
                if named.islower() and key_name.isupper() and named.upper() != key_name:
                    # KFP's own functions take them in the reverse order; with that order the pod
                    # would never start.
                    raise key.error(f"the variable comes before the key: {{{key_name}: {named}}}")
                found.append(Variable(named, source, holder, key_name, variable.where))
        return tuple(found)

    return read


def _pairs(entry: Entry, meaning: str) -> Iterable[tuple[Entry, Entry]]:
    """Return the keys of a mapping, as entries too, each with its value."""
    found = entry.entries(meaning)
    nodes = (key for key, _ in entry.node.value)
    keys = (Entry.at(entry.file, entry.name, node) for node in nodes)
    return zip(keys, found.values(), strict=True)


def _volumes(entry: Entry) -> dict[str, Volume]:
    found: dict[str, Volume] = {}
    for item in entry.items("volumes"):
        volume = _volume(item)
        if volume.path in found:
            raise item.error(f"{volume.path!r} is mounted twice; choose another path")
        found[volume.path] = volume
    return found


def _volume(entry: Entry) -> Volume:
    found = entry.known((*_VOLUMES, "path", "sub_path", "medium", "size"))
    sources = [source for source in _VOLUMES if source in found]
    if len(sources) != 1 or "path" not in found:
        raise entry.error(f"must have a path and one of {', '.join(_VOLUMES)}")
    (source,) = sources
    for name, extra in found.items():
        if name not in (source, "path", *_VOLUMES[source]):
            raise extra.error(f"a volume of type {source} has no {name}; remove it")
    return Volume(
        source,
        values.volume_name(found[source]),
        values.mount_path(found["path"]),
        sub_path=values.sub_path(found["sub_path"]) if "sub_path" in found else "",
        medium=values.choice(found["medium"], ("Memory",)) if "medium" in found else "",
        size=values.memory(found["size"]).text if "size" in found else "",
        where=entry.where,
    )


def _pull_secrets(entry: Entry) -> tuple[str, ...]:
    return tuple(map(values.object_name, entry.items("names of secrets")))


# The reader of each setting.
SETTINGS: Mapping[str, Callable[[Entry], Any]] = {
    "cpu": _resource(values.cores),
    "memory": _resource(values.memory),
    "gpu": _gpu,
    "node_selector": _node_selector,
    "tolerations": _tolerations,
    "secrets": _variables("secret"),
    "config_maps": _variables("config map"),
    "volumes": _volumes,
    "image_pull_policy": lambda entry: values.choice(entry, _PULL_POLICIES),
    "image_pull_secrets": _pull_secrets,
    "timeout": values.seconds,
    "retries": _retries,
    "cache": Entry.flag,
}
