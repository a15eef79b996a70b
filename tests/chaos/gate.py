"""Holds a run at one request to MLflow, so that what strikes it does so at that very moment."""

import threading

from tests.chaos.waiting import PATIENCE
from tests.faulty import Fault, Proxy, Request


class Gate:
    """Closes at the first request with a text in its method and path, `POST /api/…`.

    Requests behind it wait too, until it is opened.
    """

    def __init__(self, network: Proxy, text: str) -> None:
        self._text, self.reached, self._opened = text, threading.Event(), threading.Event()
        network.judge = self._judge

    def open(self) -> None:
        """Lets all pass from now on, or from when something was held."""
        if self.reached.is_set():
            self._opened.set()

    def _judge(self, request: Request) -> Fault:
        if self._text in f"{request.method} {request.path}" and not self._opened.is_set():
            self.reached.set()
            self._opened.wait(PATIENCE)
        return Fault.NONE
