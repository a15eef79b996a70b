"""A fault of the runner that starts containers; it needs a Docker engine that answers."""

import signal
import time
from typing import Any

from kfp import dsl

from tests.build.containers import STEPS, command, containers, program
from tests.build.tree import ROOT, environment
from tests.chaos.scene import Running, Scene
from tests.chaos.waiting import until

# Seconds during which no container may appear, and that each step takes.
_CALM, _STEP = 3, 4
_ALL_AT_ONCE = f"--jobs={STEPS}"


@dsl.pipeline(name="slow")
def slow() -> None:
    """Define equal steps that end by themselves."""
    code = f"import sys, time; time.sleep({_STEP}); open(sys.argv[1], 'w').write('done')"
    step = program(code, output="Dataset")
    for _ in range(STEPS):
        step()


def kill_in_docker(scene: Scene) -> bool:
    """Kill the runner (kill -9) while its containers are created, started or running.

    The same command then runs to its end.
    """
    running = start(scene, slow, _ALL_AT_ONCE)
    until(lambda: list(scene.output.glob("20*/logs/*")) or not running.alive)
    assert scene.runs, running.text
    if scene.held:
        # Do not wait for all at once: the first may end before the last is created.
        until(lambda: containers(scene.runs[0]) or not running.alive)
    else:
        time.sleep(scene.random.uniform(0, _STEP))
    running.process.kill()
    struck = running.process.wait() == -signal.SIGKILL
    _nothing_comes_back(scene.runs[0])
    start(scene, slow, _ALL_AT_ONCE).end(0)
    all_is_done(scene, STEPS)
    return struck


def all_is_done(scene: Scene, steps: int) -> None:
    """Check what the last run left: all outputs, and no container."""
    outputs = [path.read_text() for path in scene.last.glob("program*/out")]
    assert outputs == ["done"] * steps, outputs
    assert not containers(scene.last.name), "containers of a run that ended are left"


def start(scene: Scene, pipeline: Any, *flags: str) -> Running:
    """Start a run of a pipeline in containers."""
    words = command(scene.folder, pipeline, *flags)
    return scene.launch(words, cwd=scene.folder, env=environment(PYTHONPATH=str(ROOT)))


def _nothing_comes_back(run: str) -> None:
    """Wait until no container appears any more.

    A half-created one may still appear, and is then removed.
    """
    calm = [time.monotonic()]

    def is_calm() -> bool:
        if containers(run):
            calm[0] = time.monotonic()
        return time.monotonic() - calm[0] > _CALM

    until(is_calm, "some containers are left", 180)
