"""Runs blocking work in threads, so much at once, until all is done or the run is stopped."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import TypeVar

from pipelines.runner.task.backend import StoppedError

T = TypeVar("T")


class Scheduler:
    """Slots for work; stopping takes no new work, ends what runs, and lets everything unwind.

    Signals are events here rather than exceptions: a Ctrl-C can thus arrive at any moment, and a
    second one changes nothing.
    """

    def __init__(self, jobs: int, end_work: Callable[[], None]) -> None:
        self._slots = asyncio.Semaphore(jobs)
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="step")
        self._end_work = end_work
        self._stopped = asyncio.Event()
        self._signal: int | None = None
        self._error: Exception | None = None

    @property
    def stopped(self) -> bool:
        """Whether no work is taken any more."""
        return self._stopped.is_set()

    async def run(self, work: Callable[[], T], started: Callable[[], None]) -> T:
        """Runs work once there is a slot; raises what it raises, or `StoppedError`."""
        async with self._slots:
            if self.stopped:
                raise StoppedError
            started()
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def pause(self, seconds: float) -> None:
        """Waits, without a slot; raises `StoppedError` as soon as the run is stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)
        if self.stopped:
            raise StoppedError

    def fail(self, error: Exception) -> None:
        """Stops for an error that is nobody's but ours, which `close` raises."""
        self._error = self._error or error
        self._stop()

    async def complete(self, work: Awaitable[T]) -> T:
        """Awaits the whole run; a signal stops it, and is delivered by `close`."""
        try:
            with self._signals():
                return await work
        except BaseException:
            self._end_work()
            raise
        finally:
            self._pool.shutdown()

    def close(self) -> None:
        """Raises what stopped the run, if anything did."""
        if self._error:
            raise self._error
        if self._signal:
            signal.raise_signal(self._signal)
            # Who started this process had it ignored, as a shell does for its background.
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        def note(number: int, _frame: FrameType | None) -> None:
            self._signal = self._signal or number
            loop.call_soon_threadsafe(self._stop)

        before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _stop(self) -> None:
        if self.stopped:
            return
        self._stopped.set()
        try:
            self._end_work()
        except Exception as error:
            self._error = self._error or error
