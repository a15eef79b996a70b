"""Measure the first minute: `make run` in a fresh clone of this commit, with empty home and caches.

`python -m benchmarks.first_run` then runs it again, runs it after a changed line in `train`, and
runs it in five concurrent clones that share one empty home. It downloads what a first run needs,
twice.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.system.workspace import ROOT
from tests.running import environment

_AT_ONCE = 5
# Variables that would lead to the caller's caches and settings instead of the empty home.
_HIDDEN = ("MLFLOW_", "PINION_", "UV_CACHE_DIR", "XDG_", "PYTHONPATH", "VIRTUAL_ENV")
_INSTALLED = re.compile(r"^[\d:]+ (?P<name>\w+): installed in (?P<seconds>[\d.]+) s")
_STEP = re.compile(r"^[\d:]+ (?P<name>[\w-]+): succeeded in (?P<seconds>[\d.]+) s")


@dataclass
class Call:
    """One `make run` in a clone, with its lines on stderr and their times in seconds."""

    name: str
    limit: float | None = None
    seconds: float = 0.0
    cpu: float = 0.0
    code: int = 0
    printed: list[tuple[float, str]] = field(default_factory=list)

    def run(self, tree: Path, home: Path) -> "Call":
        """Run `make run` to its end."""
        begun, clock = time.monotonic(), time.time()
        with subprocess.Popen(
            ["make", "run"],
            cwd=tree, env=_environment(home),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            for line in process.stderr or ():
                self.printed.append((time.monotonic() - begun, line.rstrip()))
            # wait4 also returns the CPU time of all children.
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds, self.code = time.monotonic() - begun, process.returncode
        self.cpu = used.ru_utime + used.ru_stime
        self._venv = (tree / ".venv" / "complete").stat().st_mtime - clock if self.code == 0 else 0
        return self

    def pieces(self) -> Iterable[tuple[str, float]]:
        """Yield the parts of the time; environments are made parallel to steps and each other."""
        made = next((at for at, line in self.printed if "making .venv" in line), None)
        if made is not None:
            yield "uv", made
            yield ".venv", self._venv - made
        for pattern, word in ((_INSTALLED, "environment of "), (_STEP, "")):
            for _, line in self.printed:
                if match := pattern.match(line):
                    yield f"{word}{match['name']}", float(match["seconds"])

    def lines(self) -> Iterable[str]:
        """Yield the rows of the table: the total with its limit, and below it the parts."""
        limit = f"<= {self.limit:.0f} s" if self.limit is not None else ""
        yield f"{self.name:44}{self.seconds:8.2f} s {self.cpu:8.2f} s CPU  {limit}".rstrip()
        for name, seconds in self.pieces():
            yield f"  {name:42}{seconds:8.2f} s"


def main() -> int:
    """Run and print all measurements."""
    argparse.ArgumentParser(prog="benchmarks.first_run", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="pinion-first-run-") as scratch:
        place = Path(scratch)
        tree = _clone(place / "clone")
        calls = [Call("first", 45.0).run(tree, place / "home")]
        calls.append(Call("again", 1.0).run(tree, place / "home"))
        _change(tree)
        calls.append(Call("train changed", 12.0).run(tree, place / "home"))
        calls.append(_at_once(place))
        environments = list((place / "shared" / ".cache/pinion/environments").glob("[!.]*"))
    _refuse_failures(calls)
    print("\n".join(line for call in calls for line in call.lines()))
    print(f"environments that the {_AT_ONCE} made: {len(environments)}")
    return 0


def _at_once(place: Path) -> Call:
    """Run it in several clones at the same time, and return the slowest."""
    trees = [_clone(place / f"clone{number}") for number in range(_AT_ONCE)]
    calls = [Call(f"first, {_AT_ONCE} at once, the slowest") for _ in trees]
    threads = [
        threading.Thread(target=call.run, args=(tree, place / "shared"))
        for call, tree in zip(calls, trees, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _refuse_failures(calls)
    return max(calls, key=lambda call: call.seconds)


def _refuse_failures(calls: Iterable[Call]) -> None:
    for call in calls:
        if call.code != 0:
            raise SystemExit(f"{call.name} failed: {[line for _, line in call.printed[-3:]]}")


def _clone(folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    return folder


def _change(tree: Path) -> None:
    """Change a line of a step, without an effect on its outputs."""
    source = tree / "components" / "train" / "train" / "step.py"
    source.write_text(f"{source.read_text()}\nCHANGED = True\n")


def _environment(home: Path) -> Mapping[str, str]:
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in environment().items() if not name.startswith(_HIDDEN)}
    return {**kept, "HOME": str(home)}


if __name__ == "__main__":
    sys.exit(main())
