"""How long things take on this machine, by which moments are chosen that are not too late."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import command, environment, params

# About what each takes, and any moment of the whole.
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
    """Seconds in which something may strike, by step, and what a run leaves in kilobytes."""

    seconds: Mapping[str, float] = field(default_factory=lambda: dict(_SECONDS))
    kilobytes: int = 2000

    @classmethod
    def measured(cls, folder: Path) -> "Pace":
        """By a run that nothing strikes, in the folder."""
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
