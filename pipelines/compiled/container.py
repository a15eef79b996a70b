"""Read what a container task runs, its limits, and how often it is retried."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# The start of a limit that is a parameter of the run instead of a constant.
_PLACEHOLDER = "{{$"
# Memory and cores are written as Kubernetes quantities.
_FACTORS = {
    "": Decimal(1),
    **{unit: Decimal(1000) ** (power - 3) for power, unit in enumerate(("n", "u", "m"))},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"(\+?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)")


@dataclass(frozen=True)
class ArtifactType:
    """KFP's schema of an artifact, such as `system.Dataset`."""

    title: str
    version: str


@dataclass(frozen=True)
class Retry:
    """The number of retries of a failed task, the seconds between them, and those for all."""

    count: int
    wait: float
    factor: float
    in_all: float

    @classmethod
    def read(cls, policy: Any) -> "Retry":
        """Read a task's policy in the compiled file."""
        return cls(
            policy.max_retry_count,
            policy.backoff_duration.ToTimedelta().total_seconds(),
            policy.backoff_factor or 1,
            policy.backoff_max_duration.ToTimedelta().total_seconds() or math.inf,
        )


@dataclass(frozen=True)
class Limits:
    """Bytes of memory and a number of cores; None if the compiled file sets no limit."""

    memory: int | None = None
    cpu: float | None = None

    @classmethod
    def parse(cls, memory: str, cpu: str) -> "Limits":
        """Parse two quantities; empty or zero means no limit. Raise `ValueError` for others."""
        return cls(math.ceil(_quantity(memory)) or None, float(_quantity(cpu)) or None)


def _quantity(text: str) -> Decimal:
    if not text:
        return Decimal(0)
    if not (match := _QUANTITY.fullmatch(text)):
        raise ValueError(f"{text!r} is not a quantity, such as 500m, 2 or 1.5Gi")
    number, exponent, unit = match.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _FACTORS[unit or ""])


@dataclass(frozen=True)
class Container:
    """What a task runs; `artifacts` and `parameters` are its outputs with their types.

    `memory` and `cpu` are limits as in the compiled file: quantities or placeholders.
    `accelerators` is empty, or the requested type and count, such as `nvidia.com/gpu x 1`.
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
        """Read an executor's container; raise `ValueError` if it has no command to start."""
        if not container.command:
            raise ValueError(
                f"the component of the image {container.image} has no command, and KFP's launcher"
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
        """Return all texts that may hold placeholders."""
        return (*self.command, *self.environment.values(), self.memory, self.cpu)


def _limit(name: str, text: str, number: float, unit: str) -> str:
    """Return a limit as text; compilers before KFP 2.8 wrote only a number, in a fixed unit."""
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
