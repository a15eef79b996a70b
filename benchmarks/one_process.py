"""Run the five steps on the sample in this process: `one_process.py FOLDER`, for `isolation`.

The scripts of other tools call the same steps from here.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from evaluate.__main__ import main as evaluate
from preprocess.__main__ import main as preprocess
from pull_data.__main__ import main as pull_data
from register.__main__ import main as register
from train.__main__ import main as train

REGISTERED = {"registered-model-name": "pinion-model"}


@dataclass(frozen=True)
class Step:
    """A step, its parameters and files by flag, and the files that the next step renames."""

    main: Callable[[list[str]], int]
    given: dict[str, str]
    files: str
    renamed: dict[str, str] = field(default_factory=dict)


# The steps as the pipeline calls them, with its defaults.
STEPS = {
    "pull_data": Step(pull_data, {"source": "sample:breast_cancer"}, "dataset"),
    "preprocess": Step(
        preprocess,
        {"target": "diagnosis"},
        "dataset train-data test-data schema data-summary profile",
    ),
    "train": Step(
        train, {}, "train-data schema profile trained-model run-id model-id metrics",
        {"trained-model": "model"},
    ),
    "evaluate": Step(
        evaluate, {}, "model test-data result test-metrics report report-data",
        {"result": "evaluation"},
    ),
    "register": Step(register, REGISTERED, "model evaluation model-version model-uri"),
}  # fmt: skip


def call(name: str, folder: Path) -> None:
    """Call a step; all steps share the folder."""
    step = STEPS[name]
    given = step.given | {file: str(folder / file) for file in step.files.split()}
    if step.main([word for flag, value in given.items() for word in (f"--{flag}", value)]) != 0:
        raise SystemExit(f"{name} failed")
    for old, new in step.renamed.items():
        (folder / old).rename(folder / new)


if __name__ == "__main__":
    # The whole package, as in a notebook; the steps import only what they need of it.
    import mlflow  # noqa: F401

    for each in STEPS:
        call(each, Path(sys.argv[1]))
