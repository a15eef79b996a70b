"""Run the five steps as kedro nodes: `with_kedro.py FOLDER`, for `isolation`."""

import sys
from pathlib import Path

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from benchmarks.one_process import STEPS, call


def node(name: str, before: str) -> Node:
    """Return a node that starts when the one before it has ended."""

    def run(folder: Path) -> Path:
        call(name, folder)
        return folder

    return Node(run, inputs=before, outputs=name, name=name)


if __name__ == "__main__":
    nodes = [node(name, before) for before, name in zip(["folder", *STEPS], STEPS, strict=False)]
    catalog = DataCatalog({"folder": MemoryDataset(Path(sys.argv[1]))})
    SequentialRunner().run(Pipeline(nodes), catalog)
