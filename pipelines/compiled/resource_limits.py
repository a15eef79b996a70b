"""Read a task's limits on memory and cores, written as Kubernetes quantities."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal

_FACTORS = {
    "": Decimal(1),
    **{unit: Decimal(1000) ** (power - 3) for power, unit in enumerate(("n", "u", "m"))},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"(\+?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)")


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
