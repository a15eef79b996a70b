"""What five isolated steps cost beside one Python process: `python -m benchmarks.isolation`.

The same five `main` functions, the same sample, a local MLflow store that is there already. Once as
`python -m pipelines.run` starts them, and once one after the other in one process that has imported
the full MLflow, as a notebook would.
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
from pipelines.workspace import ROOT

# What a person would install to call the steps in a notebook; the wheels' own pins of pyarrow are
# newer than what the full MLflow allows.
PACKAGES = (
    "mlflow==3.17.*",
    "scikit-learn==1.9.*",
    "skops==0.16.*",
    "fsspec[http]",
    "s3fs",
    "gcsfs",
)


def main() -> int:
    """Runs both in turn, and prints the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="benchmarks.isolation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        say("installing all steps into one environment")
        python = one_environment(folder / "venv")
        isolated, together = folder / "isolated", folder / "together"
        calls: dict[str, Callable[[], None]] = {
            "five isolated steps": lambda: pipeline(isolated),
            "one process": lambda: one_process(python, together),
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
    base = median(seconds["one process"])
    for name, each in seconds.items():
        spread = f"{min(each):.2f} to {max(each):.2f}"
        print(f"{name:24}{median(each):8.2f} s  ({spread}) {median(each) / base:6.2f} x")
    return 0


def one_environment(folder: Path) -> str:
    """A virtual environment with the five packages and the full MLflow."""
    run("./pants", "--filter-target-type=python_distribution", "package", "components::")
    uv = subprocess.check_output([ROOT / "build-support/uv"], text=True).strip()
    python = str(folder / "bin/python")
    wheels = [str(wheel) for wheel in sorted(ROOT.glob("dist/pinion_*.whl"))]
    run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
    run(uv, "pip", "install", "--quiet", "--python", python, *PACKAGES)
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", *wheels)
    run(python, "-m", "compileall", "-qq", str(folder))
    return python


def pipeline(output: Path) -> None:
    """The sample, by the local runner."""
    flags = ["--register", "--no-cache", "--output", str(output)]
    run(sys.executable, "-m", "pipelines.run", *flags)


def one_process(python: str, output: Path) -> None:
    """The sample, in one process; a folder of its own for every run, as the runner has."""
    output.mkdir(exist_ok=True)
    folder = tempfile.mkdtemp(dir=output)
    uri = f"sqlite:///{output / 'mlflow.db'}"
    run(python, str(ROOT / "benchmarks/one_process.py"), folder, MLFLOW_TRACKING_URI=uri)


if __name__ == "__main__":
    sys.exit(main())
