"""The processes that fit trials in parallel."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

import joblib
from joblib.externals.loky import get_reusable_executor

from pinion_step.errors import StepError


@contextmanager
def worker_processes(number: int) -> Iterator[None]:
    """Fit in so many processes of one thread each, and end them with the block."""
    if number == 1:
        yield
        return
    try:
        with joblib.parallel_config(
            "loky", n_jobs=number, inner_max_num_threads=1, initializer=_begin_worker
        ):
            yield
    except BrokenProcessPool as error:
        raise StepError(
            f"--search: one of {number} processes that fit the trials was killed, most likely "
            "because memory ran out; give the step more memory, or lower LOKY_MAX_CPU_COUNT"
        ) from error
    finally:
        _end_workers()


def _end_workers() -> None:
    """Kill the workers; loky itself calls pgrep, and hangs if the image has none."""
    executor = get_reusable_executor(reuse=True)
    # loky removes dead workers at the same time.
    with suppress(KeyError):
        while True:
            _, worker = executor._processes.popitem()
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            worker.join()
    executor.shutdown(wait=True)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, take one core, and end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # for estimators that take all cores
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
