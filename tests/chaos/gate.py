"""Hold a run at one request to MLflow, so that a fault strikes at exactly that moment."""

import threading

from tests.chaos.waiting import PATIENCE
from tests.faulty import Fault, Proxy, Request


class Gate:
    """Hold the first request whose method and path contain a text, such as `POST /api/…`.

    Later requests also wait, until the gate is opened.
    """

    def __init__(self, network: Proxy, text: str) -> None:
        self._text, self.reached, self._opened = text, threading.Event(), threading.Event()
        network.judge = self._judge

    def open(self) -> None:
        """Let everything pass from now on, if a request is or was held."""
        if self.reached.is_set():
            self._opened.set()

    def _judge(self, request: Request) -> Fault:
        if self._text in f"{request.method} {request.path}" and not self._opened.is_set():
            self.reached.set()
            self._opened.wait(PATIENCE)
        return Fault.NONE
