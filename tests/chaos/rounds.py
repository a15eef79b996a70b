"""Play rounds of faults, each of which its kind and its seed can repeat."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.docker import kill_in_docker
from tests.chaos.faults import FAULTS
from tests.chaos.invariants import check, no_process_is_left
from tests.chaos.pace import Pace
from tests.chaos.registry import registry_down
from tests.chaos.scene import MODEL, Scene
from tests.chaos.server import Server

# Returns whether the fault struck; raises if an invariant does not hold.
Round = Callable[[Scene], bool]


@dataclass
class Tally:
    """The rounds by kind, those whose fault came too late, and the failures."""

    tried: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield a line for each kind, one for all, and the failures."""
        for kind, count in sorted(self.tried.items()):
            late = f" ({self.late[kind]} came after the run had ended)" if self.late[kind] else ""
            yield f"{kind:13} {count:4}{late}"
        yield f"{'faults':13} {self.tried.total() - self.late.total():4}"
        yield f"{'failures':13} {len(self.failures):4}"
        yield from self.failures


def recovered(fault: Round) -> Round:
    """Return a round: the fault, the same command with success, and a check of the invariants."""

    def play_one(scene: Scene) -> bool:
        struck = fault(scene)
        no_process_is_left(scene)
        scene.again()
        check(scene)
        return struck

    return play_one


KINDS: Mapping[str, Round] = {kind: recovered(fault) for kind, fault in FAULTS.items()}
# These need a Docker engine, and repeat the command themselves.
IN_CONTAINERS: Mapping[str, Round] = {
    "kill-docker": kill_in_docker,
    "registry-down": registry_down,
}


def play(kinds: Mapping[str, Round], seed: int, rounds: int) -> Tally:
    """Play a round for each seed from this one on, with the kinds in turn; go on after failures."""
    tally = Tally()
    with _place() as folder, ExitStack() as stack:
        (folder / "server").mkdir()
        pace = Pace.measured(folder / "measured")
        took = ", ".join(f"{step or 'start'} {each:.1f}" for step, each in pace.seconds.items())
        print(f"seconds without a fault: {took}", file=sys.stderr, flush=True)
        server = Server(folder / "server", stack)
        for number in range(rounds):
            kind = [*kinds][number % len(kinds)]
            random = Random(f"{kind} {seed + number}")  # noqa: S311 - must be repeatable
            here, name = folder / str(number), f"{MODEL}-{seed + number}"
            scene = Scene(here, random, server, here / "runs", name=name, pace=pace)
            _play(kind, kinds[kind], seed + number, scene, tally)
    return tally


def _play(kind: str, play_one: Round, seed: int, scene: Scene, tally: Tally) -> None:
    scene.folder.mkdir()
    scene.cached, began = scene.random.random() < 0.8, time.monotonic()
    tally.tried[kind] += 1
    try:
        struck = play_one(scene)
    except Exception as error:
        again = f'make chaos ARGS="--only {kind} --seed {seed} --rounds 1"'
        tally.failures.append(f"{kind}, seed {seed}: {error!r}\n  repeat it with: {again}")
        ending = f"FAILED: {error!r}"
    else:
        tally.late[kind] += not struck
        ending = "ok" if struck else "ok, too late"
    finally:
        scene.close()
    seconds = time.monotonic() - began
    print(f"{kind:13} seed {seed:<6} {seconds:5.1f} s  {ending}", file=sys.stderr, flush=True)


@contextmanager
def _place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
