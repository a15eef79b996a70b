"""Run blocking work in a limited number of threads, until all is done or the run is stopped."""

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
    """Slots for work; a stop accepts no new work, ends running work, and lets everything unwind.

    Signals are events here rather than exceptions, so that Ctrl-C can arrive at any moment, and a
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
        """Whether no more work is accepted."""
        return self._stopped.is_set()

    async def run(self, work: Callable[[], T], started: Callable[[], None]) -> T:
        """Run work once a slot is free; raise its error, or `StoppedError`."""
        async with self._slots:
            if self.stopped:
                raise StoppedError
            started()
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def pause(self, seconds: float) -> None:
        """Wait, without a slot; raise `StoppedError` as soon as the run is stopped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)
        if self.stopped:
            raise StoppedError

    def fail(self, error: Exception) -> None:
        """Stop because of an error in our own code, which `close` raises."""
        self._error = self._error or error
        self._stop()

    async def complete(self, work: Awaitable[T]) -> T:
        """Await the whole run; a signal stops it, and `close` delivers that signal."""
        try:
            with self._signals():
                return await work
        except BaseException:
            self._end_work()
            raise
        finally:
            self._pool.shutdown()

    def close(self) -> None:
        """Raise the error or the signal that stopped the run, if any."""
        if self._error:
            raise self._error
        if self._signal:
            signal.raise_signal(self._signal)
            # This process ignores the signal, as shells have background processes do.
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
