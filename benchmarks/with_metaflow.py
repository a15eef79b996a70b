"""The five steps as a flow of metaflow: `with_metaflow.py run --folder FOLDER`, for `isolation`.

Metaflow runs each step in a process of its own.
"""

from pathlib import Path

from metaflow import FlowSpec, Parameter, step

from benchmarks.one_process import call


class Training(FlowSpec):
    """All steps, one after the other."""

    folder = Parameter("folder", type=str, required=True)

    @step
    def start(self) -> None:
        """Metaflow's name for the first."""
        call("pull_data", Path(self.folder))
        self.next(self.preprocess)

    @step
    def preprocess(self) -> None:
        """The second."""
        call("preprocess", Path(self.folder))
        self.next(self.train)

    @step
    def train(self) -> None:
        """The third."""
        call("train", Path(self.folder))
        self.next(self.evaluate)

    @step
    def evaluate(self) -> None:
        """The fourth."""
        call("evaluate", Path(self.folder))
        self.next(self.end)

    @step
    def end(self) -> None:
        """Metaflow's name for the last."""
        call("register", Path(self.folder))


if __name__ == "__main__":
    Training()
