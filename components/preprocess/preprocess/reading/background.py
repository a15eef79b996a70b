"""Work in a second thread: prepare the next item, or write the last one.

Arrow and NumPy let other threads run while they work, so the step uses two cores.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def prefetched(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, which a second thread makes; it is one item ahead.

    An error is raised where the item would have been yielded.
    """
    source = iter(items)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(list, islice(source, 1))
        while made := waiting.result():
            waiting = thread.submit(list, islice(source, 1))
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
