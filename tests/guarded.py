"""MLflow servers that require a login, and the places where a secret could be seen."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from tests.faulty import Fault, Proxy, Request, proxy
from tests.local_servers import tracking_server

USER, PASSWORD, TOKEN = "admin", "open-sesame-4711", "token-of-the-team-0815"
RIGHT = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
WRONG = {**RIGHT, "MLFLOW_TRACKING_PASSWORD": "wrong-and-secret-99"}
BEARER = {"MLFLOW_TRACKING_TOKEN": TOKEN}

_SETTINGS = """\
[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/users.db
admin_username = {user}
admin_password = {password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""


@contextmanager
def guarded_server(folder: Path) -> Iterator[str]:
    """Yield the address of a server that knows one user."""
    settings = folder / "auth.ini"
    settings.write_text(_SETTINGS.format(folder=folder, user=USER, password=PASSWORD))
    with tracking_server(
        folder,
        "--app-name=basic-auth",
        MLFLOW_AUTH_CONFIG_PATH=str(settings),
        MLFLOW_FLASK_SERVER_SECRET_KEY=token_hex(8),
    ) as uri:
        yield uri


@contextmanager
def bearing(target: str) -> Iterator[Proxy]:
    """Yield a proxy of a server that accepts only requests with the token."""

    def judge(request: Request) -> Fault:
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return Fault.NONE if known or request.path == "/health" else Fault.UNAUTHORIZED

    with proxy(target) as server:
        server.judge = judge
        yield server


def arguments_of_all() -> Iterator[str]:
    """Yield the command line of every process of this machine, including those in containers."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().decode(errors="replace")
        except OSError:
            continue


def watched(
    process: "subprocess.Popen[str]", look: Callable[[], Iterable[str]] = arguments_of_all
) -> tuple[str, str, list[str]]:
    """Return the stdout and stderr of a process, and what `look` returned while it ran."""
    seen: list[str] = []

    def watch() -> None:
        while process.poll() is None:
            seen.extend(look())
            time.sleep(0.3)

    watcher = threading.Thread(target=watch)
    watcher.start()
    stdout, stderr = process.communicate(timeout=600)
    watcher.join()
    return stdout, stderr, seen


def files_with(folder: Path, secret: str) -> list[Path]:
    """Return the files in a folder that hold a secret."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if secret.encode() in path.read_bytes()]
