"""Runs `python -m pipelines.run` as a user does."""

import csv
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient


@dataclass(frozen=True)
class Finished:
    """What a run came to; `folder` is the one of its run, if it left one."""

    code: int
    stdout: str
    stderr: str
    output: Path

    @property
    def folder(self) -> Path:
        """The one folder of the one run."""
        (folder,) = run_folders(self.output)
        return folder

    def shown(self, label: str) -> str:
        """The text behind a label of the summary."""
        lines = [line for line in self.stdout.splitlines() if line.split(" ")[0] == label]
        assert len(lines) == 1, self.stdout
        return lines[0].removeprefix(label).strip()


def command(output: Path, *arguments: str) -> list[str]:
    """The command line of a run into a folder."""
    return [sys.executable, "-m", "pipelines.run", "--output", str(output), *arguments]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a run, without a tracking server of whoever starts the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), **changes}


def run(output: Path, *arguments: str, cwd: Path | None = None, tracking_uri: str = "") -> Finished:
    """Runs to the end, with a tracking URI of the environment or without."""
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
    """Parameters as flags."""
    return [part for name, value in values.items() for part in ("--param", f"{name}={value}")]


def write_odd_table(path: Path, target: str) -> None:
    """Rows to classify, under a target whose name, and with values that, a shell would mangle."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["height", "width", target])
        rows.writerows([n % 17, n % 5, "wide" if n % 5 > 2 else "$HOME"] for n in range(90))


def run_folders(output: Path) -> list[Path]:
    """The folders of the runs in an output folder."""
    return sorted(path for path in output.glob("20*") if path.is_dir())


def processes_with(*variables: bytes) -> list[int]:
    """The processes that have one of these in their environment, as NAME=value."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if set(variables) & set((process / "environ").read_bytes().split(b"\0")):
                found.append(int(process.name))
    return sorted(set(found) - {os.getpid()})


def step_processes(output: Path) -> list[int]:
    """Those of the steps of all runs in an output folder, working or waiting for their turn.

    A step that waited was told its arguments later, so that its command line does not have them.
    """
    runs = (folder.name for folder in run_folders(output))
    return processes_with(*(f"PINION_PIPELINE_RUN={run}".encode() for run in runs))


def client(output: Path) -> MlflowClient:
    """MLflow on the local store of an output folder."""
    return MlflowClient(f"sqlite:///{output}/mlflow.db")


def assert_one_line(finished: Finished, code: int, *parts: str) -> None:
    """The run failed as it should: its exit code, one line of reason, no traceback."""
    last = finished.stderr.strip().splitlines()[-1]
    assert finished.code == code, finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout
    assert last.startswith("pipelines.run: error: "), finished.stderr
    for part in parts:
        assert part in last
