"""Measure how long steps take on this machine, so that faults do not come too late."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import command, environment, params

# Typical seconds of each step; the empty name stands for starting up.
_SECONDS = {
    "": 1.0,
    "pull-data": 0.3,
    "preprocess": 1.0,
    "train": 2.0,
    "evaluate": 1.0,
    "register": 0.4,
}


@dataclass(frozen=True)
class Pace:
    """The seconds of each step, within which a fault may strike, and the kilobytes of a run."""

    seconds: Mapping[str, float] = field(default_factory=lambda: dict(_SECONDS))
    kilobytes: int = 2000

    @classmethod
    def measured(cls, folder: Path) -> "Pace":
        """Measure them by a run without a fault, in the folder."""
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
