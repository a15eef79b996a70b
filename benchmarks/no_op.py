"""`./pants package ::` where nothing changed: `python -m benchmarks.no_op`, which needs Docker.

Through the docker of `build-support/docker`, and in turn through the one on the PATH alone, which
takes in the files of every image each time.
"""

import argparse
import sys
import time
from statistics import median

from benchmarks.image_build import run, say
from pipelines.workspace import ROOT

# What Pants is told of where its docker is.
WAYS = {
    "as it is": f'["{ROOT}/build-support/docker", "<PATH>"]',
    "Docker by itself": '["<PATH>"]',
}


def main() -> int:
    """Measures both, and prints the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="benchmarks.no_op", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {}
    for name, path in WAYS.items():
        say(f"packaging, {name}")
        # Twice, as pantsd reads its options anew when they are others than before.
        for _ in range(2):
            package(path)
        for _ in range(rounds):
            start = time.monotonic()
            package(path)
            seconds.setdefault(name, []).append(time.monotonic() - start)
    base = median(seconds["Docker by itself"])
    for name, each in seconds.items():
        spread = f"{min(each):.2f} to {max(each):.2f}"
        print(f"{name:20}{median(each):8.2f} s  ({spread}) {median(each) / base:6.2f} x")
    return 0


def package(path: str) -> None:
    """Packages everything."""
    run("./pants", "package", "::", PANTS_DOCKER_EXECUTABLE_SEARCH_PATHS=path)


if __name__ == "__main__":
    sys.exit(main())
