"""Run the five steps as a metaflow flow: `with_metaflow.py run --folder FOLDER`, for `isolation`.

Metaflow runs each step in its own process.
"""

from pathlib import Path

from metaflow import FlowSpec, Parameter, step

from benchmarks.one_process import call


class Training(FlowSpec):
    """All steps in sequence."""

    folder = Parameter("folder", type=str, required=True)

    @step
    def start(self) -> None:
        """Run the first step, which metaflow calls start."""
        call("pull_data", Path(self.folder))
        self.next(self.preprocess)

    @step
    def preprocess(self) -> None:
        """Run the second step."""
        call("preprocess", Path(self.folder))
        self.next(self.train)

    @step
    def train(self) -> None:
        """Run the third step."""
        call("train", Path(self.folder))
        self.next(self.evaluate)

    @step
    def evaluate(self) -> None:
        """Run the fourth step."""
        call("evaluate", Path(self.folder))
        self.next(self.end)

    @step
    def end(self) -> None:
        """Run the last step, which metaflow calls end."""
        call("register", Path(self.folder))


if __name__ == "__main__":
    Training()
