"""Run a server of the full MLflow on this machine until Ctrl-C."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pipelines.console.step_log import last_words
from pipelines.environments.manager import Environment, Environments
from pipelines.models.store import SQLITE
from pipelines.system.child_processes import die_with_parent
from pipelines.system.errors import PinionError, Terminated, terminate
from pipelines.system.workspace import ROOT, Workspace

_LOCK = ROOT / "build-support" / "mlflow" / "requirements.lock"
# It may have to load a large model first, and a busy machine needs half a minute for the start
# alone.
_START_SECONDS = 300
_GRACE_SECONDS = 10
_EVERYWHERE = "0.0.0.0"  # noqa: S104 (compared with what the user gives)
_VARIABLES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Otherwise the server starts workers for evaluations of agents, which nothing here uses.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


def store_of(given: str | None, output: Path) -> str:
    """Return the MLflow store that is given or set, else the one in the folder of the runs.

    Raises `PinionError` if there is none yet.
    """
    if uri := given or os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    database = output.resolve() / "mlflow.db"
    if not database.is_file():
        raise PinionError(
            f"there is no MLflow store {database} yet; make one with a run (make run), or name"
            " another folder (--output) or server (MLFLOW_TRACKING_URI)"
        )
    return f"{SQLITE}{database}"


def until_ctrl_c(server: "LocalServer", ready: str) -> int:
    """Run a server until somebody stops it, which is how it is meant to end."""
    try:
        server.serve(ready)
    except Terminated:
        raise
    except KeyboardInterrupt:
        return 0
    raise AssertionError("a server ends with an error, or is stopped")


@dataclass(frozen=True)
class LocalServer:
    """The MLflow program to start, and the address at which it listens."""

    name: str
    arguments: Sequence[str]
    host: str
    port: int
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address for a browser on this machine."""
        return f"http://{self._visible}:{self.port}"

    @property
    def _visible(self) -> str:
        return "127.0.0.1" if self.host == _EVERYWHERE else self.host

    def serve(self, ready: str) -> None:
        """Run it until it is stopped, and print that it is ready once it answers.

        Raises `PinionError` if it ends by itself.
        """
        workspace = Workspace()
        environment = _installed(workspace)
        log = workspace.cache / "logs" / f"server-{self.port}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        # Closing the terminal ends the server as Ctrl-C does.
        signal.signal(signal.SIGHUP, terminate)
        with self._running(environment, log) as process:
            self._wait(process, log)
            print(f"{ready}\n(Ctrl-C stops it)", flush=True)
            process.wait()
            raise self._ended(log)

    @contextlib.contextmanager
    def _running(self, environment: Environment, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [environment.python, "-P", "-m", "mlflow", *self.arguments],
                env={**_kept(environment), **_VARIABLES, **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches only us, and we then end the server with all its processes.
                start_new_session=True,
                # MLflow ends its own child processes on this signal.
                preexec_fn=partial(die_with_parent, signal.SIGTERM),
            )
        try:
            yield process
        finally:
            _stop(process)

    def _wait(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None:
                raise self._ended(log)
            if time.monotonic() > deadline:
                raise PinionError(f"{self.name} does not answer at {self.address} (log: {log})")
            time.sleep(0.1)

    def _answers(self) -> bool:
        # urllib would go through a proxy.
        connection = HTTPConnection(self._visible, self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("GET", "/health")
            return connection.getresponse().status == HTTPStatus.OK
        return False

    def _ended(self, log: Path) -> PinionError:
        return PinionError(f"{self.name} stopped unexpectedly: {last_words(log)} (log: {log})")


def _installed(workspace: Workspace) -> Environment:
    # Imported here, because --help does not need it.
    from pipelines.console.progress import Progress

    progress = Progress([])
    report = partial(progress.installing, "MLflow")
    with progress.shown():
        environment = Environments(workspace).ready("mlflow", [_LOCK.read_bytes()], report)
        report("")
    return environment


def _kept(environment: Environment) -> dict[str, str]:
    """Return our own variables, with the environment's programs first in PATH."""
    # MLflow calls some of its programs by name, and must not find the modules of another Python.
    path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": path,
    }


def _stop(process: "subprocess.Popen[bytes]") -> None:
    # No signal may interrupt the wait for the server.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
