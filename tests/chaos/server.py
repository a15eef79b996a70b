"""An MLflow server behind a bad network, which can restart at the same address."""

import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.faulty import Proxy, proxy
from tests.local_servers import tracking_server
from tests.ports import free_port
from tests.running import processes_with


class Server:
    """A server that starts on its first use; `stack` ends it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack, self._port = folder, stack, free_port()
        self._running: ExitStack | None = None
        self._network: Proxy | None = None
        stack.callback(self.stop)

    @property
    def address(self) -> str:
        """Its address, once it answers."""
        self.start()
        return f"http://127.0.0.1:{self._port}"

    @property
    def network(self) -> Proxy:
        """The proxy between the server and its clients."""
        if self._network is None:
            self._network = self._stack.enter_context(proxy(self.address))
        return self._network

    def start(self) -> None:
        """Start the server, and return once it answers."""
        if self._running is None:
            self._running = ExitStack()
            self._running.enter_context(
                tracking_server(self._folder, port=self._port, CHAOS_SERVER=str(self._folder))
            )

    def stop(self) -> None:
        """Stop the server after it has finished its work."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def kill(self) -> None:
        """Kill the server in the middle of its work."""
        for process in processes_with(f"CHAOS_SERVER={self._folder}".encode()):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.stop()
