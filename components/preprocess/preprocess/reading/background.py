"""Work in a second thread: prepare the next item, or write the last one.

Arrow and NumPy let other threads run while they work, so the step uses two cores.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def prefetched(items: Iterable[Given], work: Callable[[Given], Made]) -> Iterator[Made]:
    """Yield what `work` makes of each item, in their order; the thread is one item ahead.

    An error, of the items or of the work, is raised where the item would have been yielded.
    """
    source = iter(items)

    def step() -> list[Made]:
        return [work(item) for item in islice(source, 1)]

    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(step)
        while made := waiting.result():
            waiting = thread.submit(step)
            yield made[0]


class BackgroundWriter:
    """Run one piece of work at a time in a second thread; at most one waits."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Begin the work, once the work before has ended; raises the error of that."""
        self.wait()
        self._last = self._thread.submit(work)

    def wait(self) -> None:
        """Wait for the work given before; raises its error."""
        last, self._last = self._last, None
        if last:
            last.result()

    def close(self) -> None:
        """Wait for the work given before, whatever comes of it."""
        self._thread.shutdown()
