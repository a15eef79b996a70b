"""The fault of the runner that starts containers; it needs an engine that answers."""

import signal
import time
from typing import Any

from kfp import dsl

from tests.build.containers import STEPS, command, containers, program
from tests.build.tree import ROOT, environment
from tests.chaos.scene import Running, Scene
from tests.chaos.waiting import until

# Seconds that nothing must come back for, and that each step takes.
_CALM, _STEP = 3, 4
_ALL_AT_ONCE = f"--jobs={STEPS}"


@dsl.pipeline(name="slow")
def slow() -> None:
    """Equal steps that end by themselves."""
    code = f"import sys, time; time.sleep({_STEP}); open(sys.argv[1], 'w').write('done')"
    step = program(code, output="Dataset")
    for _ in range(STEPS):
        step()


def kill_in_docker(scene: Scene) -> bool:
    """kill -9 of the runner, while its containers are made, started or at work.

    The same command then runs to its end.
    """
    running = start(scene, slow, _ALL_AT_ONCE)
    until(lambda: list(scene.output.glob("20*/logs/*")) or not running.alive)
    assert scene.runs, running.text
    if scene.held:
        # Not for all at once: the first may be done before the last is made.
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
    """Holds what the last run left: all outputs, and no container."""
    outputs = [path.read_text() for path in scene.last.glob("program*/out")]
    assert outputs == ["done"] * steps, outputs
    assert not containers(scene.last.name), "a run that ended has containers"


def start(scene: Scene, pipeline: Any, *flags: str) -> Running:
    """Starts a run of a pipeline in containers."""
    words = command(scene.folder, pipeline, *flags)
    return scene.launch(words, cwd=scene.folder, env=environment(PYTHONPATH=str(ROOT)))


def _nothing_comes_back(run: str) -> None:
    """What the kill left half made may still appear, and is then removed."""
    calm = [time.monotonic()]

    def is_calm() -> bool:
        if containers(run):
            calm[0] = time.monotonic()
        return time.monotonic() - calm[0] > _CALM

    until(is_calm, "there still are containers", 180)
