"""Measure `./pants package ::` without a change: `python -m benchmarks.no_op`, with Docker.

Pants calls the docker of `build-support/docker`, and in turn only the one on the PATH, which reads
the files of every image each time.
"""

import argparse
import sys
import time

from benchmarks.image_build import run, say
from benchmarks.isolation import print_medians
from pipelines.system.workspace import ROOT

# Pants' search path for docker.
WAYS = {
    "as it is": f'["{ROOT}/build-support/docker", "<PATH>"]',
    "Docker by itself": '["<PATH>"]',
}


def main() -> int:
    """Measure both, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="benchmarks.no_op", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {}
    for name, path in WAYS.items():
        say(f"packaging, {name}")
        # Twice, because pantsd restarts when its options change.
        for _ in range(2):
            package(path)
        for _ in range(rounds):
            start = time.monotonic()
            package(path)
            seconds.setdefault(name, []).append(time.monotonic() - start)
    print_medians(seconds, "Docker by itself")
    return 0


def package(path: str) -> None:
    """Package everything."""
    run("./pants", "package", "::", PANTS_DOCKER_EXECUTABLE_SEARCH_PATHS=path)


if __name__ == "__main__":
    sys.exit(main())
