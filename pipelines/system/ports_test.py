import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.system.errors import PinionError
from pipelines.system.ports import holder, refuse_taken

LISTENER = (
    "import socket, sys, time; s = socket.create_server(('127.0.0.1', 0));"
    " print(s.getsockname()[1], flush=True); time.sleep(600)"
)


def test_a_port_in_use_is_refused_with_the_name_of_its_program() -> None:
    command = [sys.executable, "-c", LISTENER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with pytest.raises(PinionError) as refused:
                refuse_taken("127.0.0.1", port)
        finally:
            process.kill()
    message = str(refused.value)
    assert message.startswith(f"port {port} is in use by {Path(sys.executable).name} -c import")
    assert message.endswith(f" (process {process.pid}); choose another with --port")


def test_a_port_belongs_to_the_program_that_listens_not_to_its_client() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            assert holder(port).endswith(f"(process {os.getpid()})")
            assert holder(caller.getsockname()[1]) == "a program of another user"


def test_a_free_port_is_not_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refuse_taken("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_with_the_reason() -> None:
    with pytest.raises(PinionError, match=r"^cannot listen on 192\.0\.2\.1:9999: Cannot assign"):
        refuse_taken("192.0.2.1", 9999)
