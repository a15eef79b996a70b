"""What a task may use of the machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes of memory and a number of cores; None where the compiled file sets no limit."""

    memory: int | None = None
    cpu: float | None = None
