"""The faults: each starts the command of a scene, disturbs it, and cleans up after itself.

A fault returns whether it struck; if the run had already ended, it tested nothing.
"""

import os
import resource
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from tests.chaos import folders
from tests.chaos.scene import Running, Scene
from tests.chaos.waiting import until
from tests.faulty import Fault, Request


def kill_runner(scene: Scene) -> bool:
    """Kill the runner (kill -9) of a run that has everything to do, or finds it all cached."""
    share = 1.0
    if scene.random.random() < 0.3:
        scene.again()
        share = 0.2
    return _signalled(scene, scene.start(), [signal.SIGKILL], (-signal.SIGKILL,), share)


def stop_runner(scene: Scene) -> bool:
    """Press Ctrl-C or send SIGTERM, once or several times."""
    sign = scene.random.choice((signal.SIGINT, signal.SIGTERM))
    codes = {signal.SIGINT: 130, signal.SIGTERM: 143}
    signals = [sign] * scene.random.randint(1, 3)
    return _signalled(scene, scene.start(), signals, (codes[sign],))


def _signalled(
    scene: Scene,
    running: Running,
    signals: list[signal.Signals],
    codes: tuple[int, ...],
    share: float = 1,
) -> bool:
    struck = scene.moment(running, share)
    for sign in signals:
        running.process.send_signal(sign)
    # The run may have been done by the time the signal arrived.
    running.end(*codes, 0)
    return struck and running.process.returncode != 0


def kill_step(scene: Scene) -> bool:
    """Kill a process of a step (kill -9), working or waiting for its turn."""
    running = scene.start()
    until(lambda: scene.processes() or not running.alive)
    scene.moment(running)
    processes = scene.processes()
    if processes:
        with suppress(ProcessLookupError):
            os.kill(scene.random.choice(processes), signal.SIGKILL)
    running.end(0, 1)
    return bool(processes)


def full_disk(scene: Scene) -> bool:
    """Use a disk that is too small, or that is full from some moment on.

    Without root, limit the size of files instead.
    """
    if not folders.ROOT:
        bound = scene.random.randint(1_000, 800_000)
        running = scene.start(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound)))
        running.end(0, 1)
        return running.process.returncode != 0
    if scene.random.random() < 0.4:
        with folders.small_disk(scene.output, scene.random.randint(100, scene.pace.kilobytes)):
            running = scene.start()
            running.end(0, 1)
        return running.process.returncode != 0
    # More space than a run needs.
    with folders.small_disk(scene.output, 4 * scene.pace.kilobytes):
        running = scene.start()
        struck = scene.moment(running)
        filler = folders.fill(scene.output)
        running.end(0, 1)
        filler.unlink()
    return struck


def read_only(scene: Scene) -> bool:
    """Make a folder read-only from some moment on."""
    running = scene.start()
    struck = scene.moment(running)
    names = ["", ".cache", "artifacts", *sorted(set(scene.runs) - running.before)]
    with folders.read_only(scene.output / scene.random.choice(names)):
        running.end(0, 1)
    return struck


def mlflow_down(scene: Scene) -> bool:
    """Kill or stop the MLflow server, and start it again while the run may be waiting."""
    scene.uri = scene.uri or scene.server.address
    running = scene.start()
    struck = scene.moment(running)
    scene.random.choice((scene.server.kill, scene.server.stop))()
    running.go_on()
    time.sleep(scene.random.choice((0, scene.random.uniform(0, 8))))
    scene.server.start()
    running.end(0, 1)
    return struck


_ERRORS = [Fault.ERROR_500, Fault.UNAVAILABLE, Fault.UNAUTHORIZED]
_BREAKS = [Fault.DROP, Fault.LOSE, Fault.CUT, Fault.SLOW]


def http_errors(scene: Scene) -> bool:
    """Answer some requests to MLflow with errors."""
    return _disturbed(scene, _ERRORS)


def connections(scene: Scene) -> bool:
    """Slow down, break or silence some connections to MLflow."""
    return _disturbed(scene, [*_BREAKS, *scene.random.choice(([], [Fault.SILENCE]))])


def _disturbed(scene: Scene, faults: list[Fault]) -> bool:
    share, network = scene.random.uniform(0.02, 0.4), scene.server.network
    scene.uri, done = network.address, []

    def judge(_request: Request) -> Fault:
        if scene.random.random() > share:
            return Fault.NONE
        done.append(scene.random.choice(faults))
        return done[-1]

    network.judge = judge
    try:
        scene.start().end(0, 1)
    finally:
        network.judge = lambda _request: Fault.NONE
    return bool(done)


def race(scene: Scene) -> bool:
    """Start two equal runs at once and perhaps end one of them; the other must get its model."""
    first = scene.start()
    scene.random.choice((lambda: None, lambda: scene.moment(first)))()
    second = scene.start()
    if scene.random.random() < 0.5:
        sign = scene.random.choice((signal.SIGKILL, signal.SIGINT))
        ended = (-signal.SIGKILL, 130, 0)
        _signalled(scene, first, [sign], ended)
    first.end(0, 130, -signal.SIGKILL)
    second.end(0)
    return True


FAULTS: Mapping[str, Callable[[Scene], bool]] = {
    "kill-runner": kill_runner,
    "kill-step": kill_step,
    "stop-runner": stop_runner,
    "full-disk": full_disk,
    "read-only": read_only,
    "race": race,
    "mlflow-down": mlflow_down,
    "http-errors": http_errors,
    "connections": connections,
}
