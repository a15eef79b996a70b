"""The fault of the runner that starts containers; it needs an engine that answers."""

import signal
import subprocess
import time

from kfp import dsl

from tests.build.containers import STEPS, command, containers, program
from tests.build.tree import ROOT, environment
from tests.chaos.scene import Scene
from tests.chaos.waiting import PATIENCE, until
from tests.running import run_folders

# Seconds that nothing must come back for, and that each step takes.
_CALM, _STEP = 3, 4


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
    process = _start(scene)
    until(lambda: list(scene.output.glob("20*/logs/*")) or process.poll() is not None)
    assert run_folders(scene.output), (scene.folder / "printed").read_text()
    if scene.held:
        # Not for all at once: the first may be done before the last is made.
        until(lambda: containers(_run(scene)) or process.poll() is not None)
    else:
        time.sleep(scene.random.uniform(0, _STEP))
    process.kill()
    struck = process.wait() == -signal.SIGKILL
    killed = _run(scene)
    _nothing_comes_back(killed)
    again = _start(scene)
    code, (last,) = again.wait(PATIENCE), {each.name for each in run_folders(scene.output)} - {
        killed
    }
    assert code == 0, (scene.folder / "printed").read_text()
    outputs = [path.read_text() for path in (scene.output / last).glob("program*/out")]
    assert outputs == ["done"] * STEPS, outputs
    assert not containers(last), "a run that ended has containers"
    return struck


def _start(scene: Scene) -> "subprocess.Popen[bytes]":
    with (scene.folder / "printed").open("wb") as printed:
        return subprocess.Popen(
            command(scene.folder, slow, f"--jobs={STEPS}"),
            cwd=scene.folder,
            env=environment(PYTHONPATH=str(ROOT)),
            stdout=printed,
            stderr=printed,
        )


def _run(scene: Scene) -> str:
    return run_folders(scene.output)[0].name


def _nothing_comes_back(run: str) -> None:
    """What the kill left half made may still appear, and is then removed."""
    calm = [time.monotonic()]

    def is_calm() -> bool:
        if containers(run):
            calm[0] = time.monotonic()
        return time.monotonic() - calm[0] > _CALM

    until(is_calm, "there still are containers", 180)
