"""What the caller asks for."""

from dataclasses import dataclass

from preprocess.findings import Allowed
from preprocess.reading.schema import Schema
from preprocess.reading.target import Task


@dataclass(frozen=True)
class Settings:
    """What the caller asks for. An empty target or task is that of the reference, or inferred."""

    target: str
    task: Task | None
    test_fraction: float
    seed: int
    reference: Schema | None
    allowed: Allowed
