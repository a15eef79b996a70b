"""An MLflow server behind a bad network, which goes down and comes back at the same address."""

import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.faulty import Proxy, proxy
from tests.local_servers import tracking_server
from tests.ports import free_port
from tests.running import processes_with


class Server:
    """Started when it is first asked for; `stack` ends it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack, self._port = folder, stack, free_port()
        self._running: ExitStack | None = None
        self._network: Proxy | None = None
        stack.callback(self.stop)

    @property
    def address(self) -> str:
        """Where it answers, or did."""
        self.start()
        return f"http://127.0.0.1:{self._port}"

    @property
    def network(self) -> Proxy:
        """What is between it and who asks it there."""
        if self._network is None:
            self._network = self._stack.enter_context(proxy(self.address))
        return self._network

    def start(self) -> None:
        """Returns once it answers."""
        if self._running is None:
            self._running = ExitStack()
            self._running.enter_context(
                tracking_server(self._folder, port=self._port, CHAOS_SERVER=str(self._folder))
            )

    def stop(self) -> None:
        """Lets it end what it is at."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def kill(self) -> None:
        """In the middle of whatever it is at."""
        for process in processes_with(f"CHAOS_SERVER={self._folder}".encode()):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.stop()
