"""What a walk works with: a clone, a cluster, an MLflow server, and names of its own."""

import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.console.command import ClusterFlags
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import KUBEFLOW
from pipelines.kubeflow.session import connect
from tests.build import pinion
from tests.build.tree import ROOT, environment
from tests.ports import free_port

# Seconds that a command may take; a run on a cluster takes three minutes.
LIMIT = 1200


class FailedError(Exception):
    """A check of the walk failed; the message is one line for the table."""


@dataclass(frozen=True)
class Place:
    """Where the walk goes: addresses as they are known here, and MLflow's within the cluster."""

    registry: str
    endpoint: str
    mlflow: str
    mlflow_here: str
    namespace: str

    @property
    def pods(self) -> str:
        """The namespace of the pods, which is KFP's own if users have none."""
        return self.namespace or KUBEFLOW

    def connect(self) -> tuple[Api, str]:
        """Return KFP's API, and the namespace to work in, empty if it has only one."""
        return connect(ClusterFlags(self.endpoint or None, None, self.namespace))


class Finished(pinion.Finished):
    """The result of a command, with what a table says of it."""

    @property
    def text(self) -> str:
        """Everything that it printed."""
        return f"{self.stdout}\n{self.stderr}"

    def last(self) -> str:
        """Return its last line, for a table."""
        lines = [*self.stdout.splitlines(), *self.stderr.splitlines()]
        return lines[-1].strip() if lines else "(nothing)"


@dataclass(frozen=True)
class Scene:
    """A clone of the commit that is checked out, and the names that the walk gives its things.

    The names are new for each walk, so that walks beside each other do not meet.
    """

    folder: Path
    place: Place
    mark: str

    @property
    def tag(self) -> str:
        """The release of the walk: a prerelease below every other."""
        return f"0.0.1rc{int(self.mark, 16)}"

    @property
    def name(self) -> str:
        """The model, the experiment in KFP, and that in MLflow."""
        return f"walk-{self.mark}"

    @property
    def pipeline(self) -> Path:
        """The compiled file of the release."""
        return self.folder / "pipeline.yaml"

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the variables of the commands."""
        registries = {"walk": {"address": self.place.registry, "default": True}}
        given = {"KFP_ENDPOINT": self.place.endpoint} if self.place.endpoint else {}
        return environment(PANTS_DOCKER_REGISTRIES=repr(registries), **given, **changes)

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command line of one of the pipelines' commands."""
        return [sys.executable, "-m", f"pipelines.{name}", *arguments]

    def call(self, name: str, *arguments: str, **changes: str) -> Finished:
        """Run a command of the README to its end."""
        done = subprocess.run(
            self.command(name, *arguments),
            cwd=self.folder,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        if "Traceback" in done.stderr:
            raise FailedError(f"{name} ended in a traceback: {done.stderr.splitlines()[-1]}")
        return Finished(done.returncode, done.stdout, done.stderr)

    def submit(self, *arguments: str) -> Finished:
        """Submit the release and wait for the end of its run."""
        return self.call("submit", *self.submission(*arguments))

    def submission(self, *arguments: str) -> list[str]:
        """Return the arguments that submit the release into experiments of the walk."""
        return [
            *("--pipeline-file", str(self.pipeline), "--experiment", self.name),
            *self.where(),
            *self.parameters(),
            *arguments,
        ]

    def where(self) -> list[str]:
        """Return the arguments that name a user's namespace."""
        return ["--namespace", self.place.namespace] if self.place.namespace else []

    def parameters(self) -> list[str]:
        """Return the parameters of every run of the walk."""
        values = {
            "mlflow_tracking_uri": self.place.mlflow,
            "registered_model_name": self.name,
            "experiment": self.name,
        }
        return [part for name, value in values.items() for part in ("--param", f"{name}={value}")]

    @contextmanager
    def started(self, *arguments: str) -> Iterator["Submitted"]:
        """Yield a submission that goes on in the background; it ends with the block."""
        log = self.folder / f"submit-{secrets.token_hex(4)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command("submit", *self.submission(*arguments)),
                cwd=self.folder,
                env=self.environment(PYTHONUNBUFFERED="1"),
                stdout=output,
                stderr=output,
            )
        try:
            yield Submitted(process, log)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            process.wait(60)


@dataclass(frozen=True)
class Submitted:
    """A submission in the background, and the file that it prints to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def until(self, pattern: str, seconds: float) -> "re.Match[str]":
        """Wait until it has printed a text, and return the match; it may end meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            text = self.log.read_text(errors="replace")
            if match := re.search(pattern, text, re.MULTILINE):
                return match
            if ended or time.monotonic() > deadline:
                raise FailedError(f"submit did not print {pattern!r} but {last_line(text)!r}")
            time.sleep(0.5)

    def run(self) -> str:
        """Return the id of the run."""
        return self.until(r"^run +.* \(([0-9a-f-]{36})\)$", 120)[1]

    def end(self) -> Finished:
        """Wait for its end."""
        code = self.process.wait(LIMIT)
        return Finished(code, self.log.read_text(errors="replace"), "")


def last_line(text: str) -> str:
    """Return the last line of a text."""
    return text.strip().rpartition("\n")[2]


def kubectl(*arguments: str) -> str:
    """Return what kubectl prints, or raise `FailedError` with its last line."""
    done = subprocess.run(
        ["kubectl", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise FailedError(f"kubectl: {last_line(done.stderr)}")
    return done.stdout


@contextmanager
def scene(place: Place) -> Iterator[Scene]:
    """Yield the scene of one walk; the clone is removed with the block."""
    with tempfile.TemporaryDirectory(prefix="pinion-walk-") as name:
        folder = Path(name) / "pinion"
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        yield Scene(folder, place, secrets.token_hex(3))


def components(folder: Path) -> Sequence[str]:
    """Return every component of a clone as NAME==VERSION."""
    return [f"{name}=={version}" for name, version in pinion.versions_of(folder).items()]


@contextmanager
def forwarded(namespace: str, service: str, port: int) -> Iterator[str]:
    """Yield an address of this machine that leads to a service of the cluster."""
    here = free_port()
    command = ["kubectl", "port-forward", "-n", namespace, f"svc/{service}", f"{here}:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        told = process.stdout.readline() if process.stdout else ""
        if "Forwarding" not in told:
            raise FailedError(f"kubectl port-forward -n {namespace} svc/{service}: {told.strip()}")
        yield f"http://localhost:{here}"
    finally:
        process.terminate()
        process.wait(30)


def uncommitted() -> bool:
    """Return whether the working tree has changes that the clone does not have."""
    status = ["git", "status", "--porcelain"]
    return bool(subprocess.check_output(status, cwd=ROOT, env=os.environ, text=True).strip())
