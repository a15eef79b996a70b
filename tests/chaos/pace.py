"""Measure how long steps take on this machine, to choose moments that are not too late."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import command, environment, params

# Roughly the duration of each step; "" is any moment of the whole run.
_SECONDS = {
    "": 1.0,
    "resolve": 0.2,
    "pull-data": 0.3,
    "preprocess": 1.0,
    "decide": 0.2,
    "train": 2.0,
    "evaluate": 1.0,
    "register": 0.4,
}


@dataclass(frozen=True)
class Pace:
    """The seconds within which a fault may strike, by step, and the size of a run's output in
    kilobytes.
    """

    seconds: Mapping[str, float] = field(default_factory=lambda: dict(_SECONDS))
    kilobytes: int = 2000

    @classmethod
    def measured(cls, folder: Path) -> "Pace":
        """Measure a run without faults, in the folder."""
        output = folder / "runs"
        done = subprocess.run(
            command(output, "--register", *params(model="logistic_regression")),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = re.findall(r"^\S+ (\S+): succeeded in ([\d.]+) s$", done.stderr, re.MULTILINE)
        steps = {step: float(seconds) for step, seconds in found}
        sizes = (path.stat().st_blocks for path in output.rglob("*"))
        return cls({"": sum(steps.values()) / len(steps), **steps}, sum(sizes) // 2)
