"""Ports for the servers of tests."""

import socket
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Return a port of this machine that nobody listens on.

    It is outside the range from which the system gives ports to clients: a server that goes down
    and comes back must not find its port taken by a connection.
    """
    first = int(_CLIENTS.read_text().split()[0]) if _CLIENTS.exists() else 32768
    for port in SystemRandom().sample(range(10_000, max(first, 20_000)), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port found: all of 100 ports are in use")
