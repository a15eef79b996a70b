"""Call the Docker engine of this machine with the few commands that running a step takes.

This uses the command line and not a library, because the command line knows the engine's address,
contexts and passwords as the user has set them up.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.system.errors import PinionError

_LABEL = "dev.pinion.run"
# Only this process and the `docker create` commands that it starts hold the watcher's pipe, so the
# watcher notices when they have ended, for whatever reason. It looks several times, because a
# container that was just requested may appear a moment later, and the engine may be restarting.
_WATCHER = """
read -r _
empty=0
tries=0
while [ $empty -lt 5 ] && [ $tries -lt 600 ]; do
  if ids=$(docker ps --all --quiet --filter "label=$1"); then
    empty=$((empty + 1))
    if [ -n "$ids" ]; then docker rm --force --volumes $ids; empty=0; fi
  fi
  tries=$((tries + 1))
  sleep 1
done
"""


class EngineError(Exception):
    """The engine's message about a command that failed."""


@dataclass(frozen=True)
class Ended:
    """How a container ended; `error` is the engine's if it could not start the container."""

    exit_code: int
    out_of_memory: bool
    error: str


@dataclass(frozen=True)
class Engine:
    """The engine, for the containers of one run."""

    run: str
    _watched: list[int] = field(default_factory=list, init=False)

    def check(self) -> None:
        """Raise `PinionError` if no engine can be reached."""
        if not shutil.which("docker"):
            raise PinionError(
                "--runner docker needs Docker, and no docker is on the PATH; install it, or run the"
                " steps as processes, without --runner"
            )
        try:
            _docker("version", "--format={{.Server.Version}}")
        except EngineError as error:
            raise PinionError(
                f"the Docker engine does not answer: {error}; start it, or run the steps as"
                " processes, without --runner"
            ) from None

    def watch(self) -> None:
        """Have the run's containers removed when this process ends, even by kill -9."""
        gone, here = os.pipe()
        self._watched.append(here)
        subprocess.Popen(
            ["sh", "-c", _WATCHER, "watcher", f"{_LABEL}={self.run}"],
            stdin=gone,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        os.close(gone)

    def labels(self, image: str) -> Mapping[str, str] | None:
        """Return an image's labels, or None if the image is not on this machine."""
        try:
            found = _docker("image", "inspect", "--format={{json .Config.Labels}}", image)
        except EngineError as error:
            if "no such image" in str(error).lower():
                return None
            raise
        return json.loads(found) or {}

    def image_id(self, image: str) -> str:
        """Return the id of an image that is on this machine."""
        return _docker("image", "inspect", "--format={{.Id}}", image)

    def pull(self, image: str) -> None:
        """Pull an image to this machine."""
        _docker("pull", "--quiet", image)

    def create(self, options: Sequence[str], environment: Mapping[str, str]) -> str:
        """Create a container from options of `docker create`, and return its id.

        Docker takes the values of `--env NAME` from `environment`, so that no list of processes
        shows them.
        """
        fixed = ["--pull=never", "--init", f"--label={_LABEL}={self.run}"]
        return _docker("create", *fixed, *options, environment=environment, pass_fds=self._watched)

    def attach(self, container: str, log: Path) -> Ended:
        """Start a container, write all its output to the log, and wait for its end."""
        with log.open("ab") as file:
            attached = subprocess.run(
                ["docker", "start", "--attach", container],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                # Ctrl-C must reach the runner only, which stops the step itself.
                start_new_session=True,
                check=False,
            )
        state: dict[str, Any] = json.loads(
            _docker("container", "inspect", "--format={{json .State}}", container)
        )
        # The exit code is the program's only if the container was started and followed to its end.
        known = state["Status"] == "exited" and attached.returncode == state["ExitCode"]
        if not (known or state["Error"]):
            raise EngineError("the connection to the engine broke off")
        return Ended(state["ExitCode"], state["OOMKilled"], state["Error"])

    def remove(self, container: str) -> None:
        """Remove a container, even if it is running."""
        _docker("rm", "--force", "--volumes", container)

    def stop(self, grace: int) -> None:
        """Stop the run's containers, which may close MLflow runs, and kill them after `grace` s."""
        running = _docker("ps", "--quiet", f"--filter=label={_LABEL}={self.run}").split()
        if running:
            _docker("stop", f"--time={grace}", *running)


def _docker(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    pass_fds: Collection[int] = (),
) -> str:
    done = subprocess.run(
        ["docker", *arguments],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        pass_fds=pass_fds,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        raise EngineError(_reason(done.stderr))
    return done.stdout.strip()


def _reason(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line and not line.startswith("See 'docker")]
    message = " ".join(lines).strip() or "it printed no message"
    return message.removeprefix("Error response from daemon: ").removeprefix("Error: ")
