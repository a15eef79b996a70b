"""The Docker engine of this machine, by the few commands that running a step takes.

The command line rather than a library: it knows the engine's address, contexts and passwords as the
user has set them up.
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
# A pipe that only this process holds, and who creates a container for it, tells the watcher when
# they are gone, however they ended. What the engine was just asked to create may appear a moment
# later, and an engine that does not answer may have been started anew.
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
    """What the engine said in place of doing what it was asked."""


@dataclass(frozen=True)
class Ended:
    """How a container ended; `error` is the engine's, where it could not be started."""

    exit_code: int
    out_of_memory: bool
    error: str


@dataclass(frozen=True)
class Engine:
    """The engine, for the containers of one run."""

    run: str
    _watched: list[int] = field(default_factory=list, init=False)

    def check(self) -> None:
        """Raises `PinionError` where there is no engine to ask."""
        if not shutil.which("docker"):
            raise PinionError(
                "--runner docker needs Docker, and there is no docker on the PATH; install it, or"
                " run the steps as processes, without --runner"
            )
        try:
            _docker("version", "--format={{.Server.Version}}")
        except EngineError as error:
            raise PinionError(
                f"the Docker engine does not answer: {error}; start it, or run the steps as"
                " processes, without --runner"
            ) from None

    def watch(self) -> None:
        """Has the run's containers removed once this process is gone, be it by kill -9."""
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
        """An image's labels, or None where it is not on this machine."""
        try:
            found = _docker("image", "inspect", "--format={{json .Config.Labels}}", image)
        except EngineError as error:
            if "no such image" in str(error).lower():
                return None
            raise
        return json.loads(found) or {}

    def image_id(self, image: str) -> str:
        """The id of an image that is on this machine."""
        return _docker("image", "inspect", "--format={{.Id}}", image)

    def pull(self, image: str) -> None:
        """Fetches an image that is not here."""
        _docker("pull", "--quiet", image)

    def create(self, options: Sequence[str], environment: Mapping[str, str]) -> str:
        """Creates a container from `docker create`'s options; its id.

        Values of `--env NAME` are taken from the environment, where no list of processes has them.
        """
        fixed = ["--pull=never", "--init", f"--label={_LABEL}={self.run}"]
        return _docker("create", *fixed, *options, environment=environment, pass_fds=self._watched)

    def attach(self, container: str, log: Path) -> Ended:
        """Starts a container and waits for its end, with all that it prints in the log."""
        with log.open("ab") as file:
            attached = subprocess.run(
                ["docker", "start", "--attach", container],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                # Ctrl-C is for the runner, which stops the step in its own way.
                start_new_session=True,
                check=False,
            )
        state: dict[str, Any] = json.loads(
            _docker("container", "inspect", "--format={{json .State}}", container)
        )
        # One that was never started, or not listened to until its end, has no exit code of its own.
        told = state["Status"] == "exited" and attached.returncode == state["ExitCode"]
        if not (told or state["Error"]):
            raise EngineError("the connection to the engine broke off")
        return Ended(state["ExitCode"], state["OOMKilled"], state["Error"])

    def remove(self, container: str) -> None:
        """Removes a container, running or not."""
        _docker("rm", "--force", "--volumes", container)

    def stop(self, grace: int) -> None:
        """Ends the run's containers: asked, so that they can close an MLflow run; killed."""
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
    said = " ".join(lines).strip() or "it said nothing"
    return said.removeprefix("Error response from daemon: ").removeprefix("Error: ")
