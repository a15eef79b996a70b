"""What a container task runs, and how often it is tried again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.compiled.resource_limits import Limits

# A limit that the compiled file does not hold itself, but a parameter of the run.
_PLACEHOLDER = "{{$"


@dataclass(frozen=True)
class ArtifactType:
    """KFP's schema of an artifact, such as `system.Dataset`."""

    title: str
    version: str


@dataclass(frozen=True)
class Retry:
    """How often a failed task is tried again, the seconds between, and those for all of it."""

    count: int
    wait: float
    factor: float
    in_all: float

    @classmethod
    def read(cls, policy: Any) -> "Retry":
        """The policy that a task has in the compiled file."""
        seconds = policy.backoff_duration.ToTimedelta().total_seconds()
        in_all = policy.backoff_max_duration.ToTimedelta().total_seconds()
        return cls(policy.max_retry_count, seconds, policy.backoff_factor or 1, in_all or math.inf)


@dataclass(frozen=True)
class Container:
    """What a task runs; `artifacts` and `parameters` are its outputs with their types.

    The limits are quantities as the compiled file has them, or placeholders of such; `accelerators`
    is empty, or says which are asked for, such as `nvidia.com/gpu x 1`.
    """

    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    artifacts: Mapping[str, ArtifactType]
    parameters: Mapping[str, int]
    memory: str = ""
    cpu: str = ""
    accelerators: str = ""

    @classmethod
    def read(cls, container: Any, outputs: Any) -> "Container":
        """An executor's container; raises `ValueError` for one that no runner could start."""
        if not container.command:
            raise ValueError(
                f"the image {container.image} has no command here, and the cluster's launcher"
                " ignores the image's entry point; give the component a command"
            )
        resources = container.resources
        return cls(
            image=container.image,
            command=(*container.command, *container.args),
            environment={variable.name: variable.value for variable in container.env},
            artifacts={
                name: ArtifactType(
                    each.artifact_type.schema_title, each.artifact_type.schema_version
                )
                for name, each in outputs.artifacts.items()
            },
            parameters={name: each.parameter_type for name, each in outputs.parameters.items()},
            memory=_limit("memory", resources.resource_memory_limit, resources.memory_limit, "G"),
            cpu=_limit("cpu", resources.resource_cpu_limit, resources.cpu_limit, ""),
            accelerators=_accelerators(resources.accelerator),
        )

    def texts(self) -> tuple[str, ...]:
        """All that may hold placeholders."""
        return (*self.command, *self.environment.values(), self.memory, self.cpu)


def _limit(name: str, text: str, number: float, unit: str) -> str:
    """The limit as text; compilers before KFP 2.8 wrote it as a number of some unit alone."""
    limit = text or (f"{number:f}{unit}" if number else "")
    if _PLACEHOLDER not in limit:
        try:
            Limits.parse(limit, "")
        except ValueError as error:
            raise ValueError(f"the {name} limit {error}") from None
    return limit


def _accelerators(accelerator: Any) -> str:
    kind = accelerator.resource_type or accelerator.type
    return f"{kind} x {accelerator.resource_count or accelerator.count}" if kind else ""
