"""Run `python -m pipelines.run` as a user does."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient


@dataclass(frozen=True)
class Finished:
    """The exit code, the output and the output folder of a run."""

    code: int
    stdout: str
    stderr: str
    output: Path

    @property
    def folder(self) -> Path:
        """The folder of the only run."""
        (folder,) = run_folders(self.output)
        return folder

    def shown(self, label: str) -> str:
        """Return the text after a label of the summary."""
        lines = [line for line in self.stdout.splitlines() if line.split(" ")[0] == label]
        assert len(lines) == 1, self.stdout
        return lines[0].removeprefix(label).strip()


def command(output: Path, *arguments: str) -> list[str]:
    """Return the command line of a run with an output folder."""
    return [sys.executable, "-m", "pipelines.run", "--output", str(output), *arguments]


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a run, without the caller's settings for MLflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), **changes}


def run(output: Path, *arguments: str, cwd: Path | None = None, tracking_uri: str = "") -> Finished:
    """Run the pipeline to its end, with or without a tracking URI in the environment."""
    done = subprocess.run(
        command(output, *arguments),
        cwd=cwd,
        env=environment(**({"MLFLOW_TRACKING_URI": tracking_uri} if tracking_uri else {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return Finished(done.returncode, done.stdout, done.stderr, output)


def params(**values: object) -> list[str]:
    """Return parameters as flags."""
    return [part for name, value in values.items() for part in ("--param", f"{name}={value}")]


def run_folders(output: Path) -> list[Path]:
    """Return the folders of the runs in an output folder."""
    return sorted(path for path in output.glob("20*") if path.is_dir())


def processes_with(*variables: bytes) -> list[int]:
    """Return the processes that have one of the variables, each NAME=value, in the environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if set(variables) & set((process / "environ").read_bytes().split(b"\0")):
                found.append(int(process.name))
    return sorted(set(found) - {os.getpid()})


def step_processes(output: Path) -> list[int]:
    """Return the processes of the steps of all runs in an output folder, running or waiting.

    They are found by a variable, because a step that waited got its arguments later, so that its
    command line does not have them.
    """
    runs = (folder.name for folder in run_folders(output))
    return processes_with(*(f"PINION_PIPELINE_RUN={run}".encode() for run in runs))


def client(output: Path) -> MlflowClient:
    """Return a client of the local MLflow store of an output folder."""
    return MlflowClient(f"sqlite:///{output}/mlflow.db")


def assert_one_line(finished: Finished, code: int, *parts: str) -> None:
    """Check that a run failed with this exit code and one line of reason, without a traceback."""
    last = finished.stderr.strip().splitlines()[-1]
    assert finished.code == code, finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout
    assert last.startswith("pipelines.run: error: "), finished.stderr
    for part in parts:
        assert part in last
