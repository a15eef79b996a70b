"""Define what a platform file can set for a step, and merge a step's settings with the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Quantity:
    """A quantity as it was written, and in cores or bytes."""

    text: str = ""
    amount: float = 0


_NO_QUANTITY = Quantity()


@dataclass(frozen=True)
class Resource:
    """Cpu or memory: what is reserved for a step, and the most that it may use."""

    request: Quantity = _NO_QUANTITY
    limit: Quantity = _NO_QUANTITY


@dataclass(frozen=True)
class Gpu:
    """Devices, under the resource name by which Kubernetes counts them."""

    type: str
    count: int


@dataclass(frozen=True)
class Retries:
    """The retries of a failed step: their number, the pauses and the total time, in seconds."""

    count: int
    backoff: int = 0
    factor: int = 2
    # KFP's default of an hour would end a longer step in its second attempt, because Argo treats it
    # as a deadline.
    longest: int = 7 * 24 * 3600


@dataclass(frozen=True)
class Toleration:
    """A taint of a node that a step tolerates; an empty string matches everything."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""
    seconds: int | None = None


Source = Literal["secret", "config map"]


@dataclass(frozen=True)
class Variable:
    """An environment variable, and the key of the secret or config map that holds its value."""

    name: str
    source: Source
    object: str
    key: str
    where: str = field(compare=False, default="")


VolumeSource = Literal["claim", "secret", "config_map", "empty_dir"]


@dataclass(frozen=True)
class Volume:
    """A folder in the container: a named claim, secret or config map, or an empty folder."""

    source: VolumeSource
    name: str
    path: str
    sub_path: str = ""
    medium: str = ""
    size: str = ""
    where: str = field(compare=False, default="")


@dataclass(frozen=True)
class Settings:
    """The settings of a step; None or empty keeps those of the cluster and the compiled file."""

    cpu: Resource | None = None
    memory: Resource | None = None
    gpu: Gpu | None = None
    retries: Retries | None = None
    cache: bool | None = None
    timeout: int | None = None
    image_pull_policy: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)

    def over(self, below: "Settings") -> "Settings":
        """Return these settings, completed from those below; collections are merged by key."""
        return Settings(
            cpu=self.cpu or below.cpu,
            memory=self.memory or below.memory,
            gpu=self.gpu or below.gpu,
            retries=self.retries or below.retries,
            cache=below.cache if self.cache is None else self.cache,
            timeout=self.timeout or below.timeout,
            image_pull_policy=self.image_pull_policy or below.image_pull_policy,
            image_pull_secrets=_union(below.image_pull_secrets, self.image_pull_secrets),
            node_selector={**below.node_selector, **self.node_selector},
            tolerations=_union(below.tolerations, self.tolerations),
            variables={**below.variables, **self.variables},
            volumes={**below.volumes, **self.volumes},
        )

    def of_the_executor(self) -> "Settings":
        """Return the settings without those of the task, which tasks of one executor need not
        share.
        """
        return replace(self, retries=None, cache=None)


def _union(below: tuple[Item, ...], above: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys((*below, *above)))
