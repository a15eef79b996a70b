"""Define what a platform file can set for a step, and merge a step's settings with the defaults."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from pipelines.kubeflow.platform.parts import Gpu, Part, Resource, Retries, Toleration, Volume
from pipelines.kubeflow.platform.values import (
    Cores,
    DataKey,
    LabelKey,
    LabelValue,
    Memory,
    ObjectName,
    VariableName,
    seconds,
)

Item = TypeVar("Item")
# What holds the values of environment variables.
SOURCES = ("secret", "config_map")


@dataclass(frozen=True)
class Variable:
    """An environment variable, and the key of the secret or config map that holds its value."""

    name: str
    source: str
    object: str
    key: str

    @property
    def origin(self) -> str:
        """Where the value comes from, for messages."""
        return f"key {self.key!r} of the {self.source.replace('_', ' ')} {self.object!r}"


def _in_this_order(keys: dict[str, str]) -> dict[str, str]:
    for variable, key in keys.items():
        if variable.islower() and key.isupper() and variable.upper() != key:
            # KFP's own functions take them in the reverse order; with that order the pod would
            # never start.
            raise ValueError(f"the variable comes before the key: {{{key}: {variable}}}")
    return keys


# For each secret or config map its variables, and for each variable the key of its value.
Keys = dict[ObjectName, Annotated[dict[VariableName, DataKey], AfterValidator(_in_this_order)]]


def _mounted_once(volumes: tuple[Volume, ...]) -> tuple[Volume, ...]:
    paths = [each.path for each in volumes]
    if twice := [path for path in paths if paths.count(path) > 1]:
        raise ValueError(f"{twice[0]!r} is mounted twice; choose another path")
    return volumes


class Settings(Part):
    """The settings of a step; None or empty keeps those of the cluster and the compiled file."""

    cpu: Resource[Cores] | None = None
    memory: Resource[Memory] | None = None
    gpu: Gpu | None = None
    node_selector: dict[LabelKey, LabelValue] = Field(default={})
    tolerations: tuple[Toleration, ...] = ()
    secrets: Keys = Field(default={})
    config_maps: Keys = Field(default={})
    volumes: Annotated[tuple[Volume, ...], AfterValidator(_mounted_once)] = ()
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    image_pull_secrets: tuple[ObjectName, ...] = ()
    timeout: Annotated[int, seconds(1)] | None = None
    retries: Retries | None = None
    cache: bool | None = Field(default=None, strict=True)

    @model_validator(mode="after")
    def _variables_from_one_source(self) -> Self:
        found: dict[str, Variable] = {}
        for each in self.variables:
            if (other := found.setdefault(each.name, each)) is not each:
                raise ValueError(
                    f"{each.name} comes from {other.origin} and from {each.origin}; keep one"
                )
        return self

    @property
    def variables(self) -> list[Variable]:
        """The environment variables."""
        return [
            Variable(name, source, holder, key)
            for source, holders in zip(SOURCES, (self.secrets, self.config_maps), strict=True)
            for holder, keys in holders.items()
            for name, key in keys.items()
        ]

    def over(self, below: "Settings") -> "Settings":
        """Return these settings, completed from those below; collections are merged by key."""
        variables = {each.name: each for each in (*below.variables, *self.variables)}.values()
        volumes = {each.path: each for each in (*below.volumes, *self.volumes)}.values()
        own = {name: getattr(self, name) for name in self.model_fields_set}
        merged = {
            "node_selector": {**below.node_selector, **self.node_selector},
            "tolerations": _union(below.tolerations, self.tolerations),
            "secrets": _keys(variables, SOURCES[0]),
            "config_maps": _keys(variables, SOURCES[1]),
            "volumes": tuple(volumes),
            "image_pull_secrets": _union(below.image_pull_secrets, self.image_pull_secrets),
        }
        return below.model_copy(update=own | merged)

    def of_the_executor(self) -> "Settings":
        """Return the settings without those of the task, which tasks of one executor need not
        share.
        """
        return self.model_copy(update={"retries": None, "cache": None})


def _union(below: tuple[Item, ...], above: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys((*below, *above)))


def _keys(variables: Iterable[Variable], source: str) -> Keys:
    found: Keys = {}
    for each in variables:
        if each.source == source:
            found.setdefault(each.object, {})[each.name] = each.key
    return found
