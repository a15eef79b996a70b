"""The fault of the runner that starts containers; it needs an engine that answers."""

import os
import signal
import subprocess
import time

from tests.build.containers import STEPS, command, containers, run_folder, sleepy
from tests.build.tree import ROOT, environment
from tests.chaos.scene import Scene
from tests.chaos.waiting import until


def kill_in_docker(scene: Scene) -> bool:
    """kill -9 of the runner, while its containers are made, started or at work."""
    folder = scene.folder
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(
            command(folder, sleepy, f"--jobs={STEPS}"),
            cwd=folder,
            env=environment(PYTHONPATH=str(ROOT)),
            stdout=printed,
            stderr=printed,
        )
    until(lambda: list((folder / "runs").glob("20*/logs/*")) or process.poll() is not None)
    time.sleep(scene.random.uniform(0, 3))
    os.kill(process.pid, signal.SIGKILL)
    code = process.wait()
    until(lambda: not containers(run_folder(folder).name), "there still are containers")
    # One may still be made by what the kill left half done.
    time.sleep(2)
    assert not containers(run_folder(folder).name), "a container came back"
    assert code == -signal.SIGKILL, (folder / "printed").read_text()
    return True
