"""Compare five isolated steps with one Python process: `python -m benchmarks.isolation`.

All use the same five `main` functions, the same sample, and an existing local MLflow store. The
steps run as `python -m pipelines.run` starts them; in sequence in one process that has imported the
full MLflow, as in a notebook; and as kedro, dagster and metaflow call them.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.image_build import run, say
from pipelines.system.workspace import ROOT

# What a person would install to call the steps in a notebook. The steps' locks do not fit, because
# they pin a newer pyarrow than the full MLflow allows.
PACKAGES = (
    "mlflow==3.17.*",
    "scikit-learn==1.9.*",
    "skops==0.16.*",
    "fsspec[http]",
    "s3fs",
    "gcsfs",
)
# Each tool has its own environment, because their pins differ. Their telemetry is off.
TOOLS = {"kedro": "kedro==1.7.*", "dagster": "dagster==1.13.*", "metaflow": "metaflow==2.19.*"}
QUIET = {"DO_NOT_TRACK": "1", "DAGSTER_DISABLE_TELEMETRY": "1", "METAFLOW_USER": "benchmark"}


def main() -> int:
    """Run all in turn, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(prog="benchmarks.isolation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        isolated = folder / "isolated"
        calls: dict[str, Callable[[], None]] = {
            "five isolated steps": lambda: pipeline(isolated),
            "one process": in_one_environment(folder, "one_process"),
            **{name: in_one_environment(folder, f"with_{name}", TOOLS[name]) for name in TOOLS},
        }
        say("the first of each, which makes its store")
        for call in calls.values():
            call()
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for name, call in calls.items():
                start = time.monotonic()
                call()
                seconds[name].append(time.monotonic() - start)
    print_medians(seconds, "one process")
    return 0


def print_medians(seconds: dict[str, list[float]], base: str) -> None:
    """Print a line for each way that was measured, compared with the base."""
    for name, each in seconds.items():
        spread, ratio = f"{min(each):.2f} to {max(each):.2f}", median(each) / median(seconds[base])
        print(f"{name:24}{median(each):8.2f} s  ({spread}) {ratio:6.2f} x")


def in_one_environment(scratch: Path, script: str, *more: str) -> Callable[[], None]:
    """Install what the steps and a tool need; return a function that calls a script with it.

    Every call has its own folder, as every run of the runner has.
    """
    say(f"installing what {script} needs")
    folder = scratch / script
    python = environment(folder / "venv", *more)
    store = f"sqlite:///{folder}/mlflow.db"
    folders = [ROOT, ROOT / "libraries/pinion_step", *sorted(ROOT.glob("components/*/"))]
    sources = ":".join(map(str, folders))
    variables = {**QUIET, "PYTHONPATH": sources, "MLFLOW_TRACKING_URI": store}
    flags = ["run", "--folder"] if script == "with_metaflow" else []
    command = (python, str(ROOT / f"benchmarks/{script}.py"), *flags)

    def call() -> None:
        run(*command, tempfile.mkdtemp(dir=folder), folder=folder, **variables)

    return call


def environment(folder: Path, *more: str) -> str:
    """Make a virtual environment with the packages, and return its Python."""
    uv = subprocess.check_output([ROOT / "build-support/uv"], text=True).strip()
    python = str(folder / "bin/python")
    run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
    run(uv, "pip", "install", "--quiet", "--python", python, *PACKAGES, *more)
    # kedro contains templates of modules that do not compile.
    run(python, "-m", "compileall", "-qq", "-x", "/templates/", str(folder))
    return python


def pipeline(output: Path) -> None:
    """Run the pipeline on the sample with the local runner."""
    flags = ["--register", "--no-cache", "--output", str(output)]
    run(sys.executable, "-m", "pipelines.run", *flags)


if __name__ == "__main__":
    sys.exit(main())
