"""What is known of a run, and kept in its folder for the pages."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.compiled.values import Value
from pipelines.pages.outputs import Output
from pipelines.system.task_state import State
from pipelines.system.workspace import whole

FILE = "run.json"
RUNNING, SUCCEEDED, FAILED = State.RUNNING.value, State.SUCCEEDED.value, State.FAILED.value
# How else a run ends: by a signal to its runner, or with it.
STOPPED, KILLED = "stopped", "killed"


def without_indices(name: str) -> str:
    """Return the name of a step without the indices of loop items, the numbers in it."""
    return ".".join(part for part in name.split(".") if not part.isdecimal())


@dataclass
class StepRecord:
    """A step, the steps that it comes after, and how it stands; times are seconds since 1970.

    `inputs` are the artifacts that it reads, each with the step that made it and its name there.
    """

    name: str
    after: Sequence[str] = ()
    inputs: Sequence[tuple[str, str, str]] = ()
    state: str = State.PENDING.value
    why: str = ""
    began: float | None = None
    ended: float | None = None
    outputs: Sequence[Output] = ()


@dataclass
class RunRecord:
    """A run; `changed` are the parameters that are not the pipeline's defaults, with these.

    `metric` is the name and value of the main metric, `passed` the verdict on the model. Each check
    has a name, what came out in words, and whether it passed. `decision` says in words whether
    there was a reason to train.
    """

    id: str
    pipeline: str
    what: str
    runner: str
    mlflow: str
    parameters: Mapping[str, Value]
    changed: Mapping[str, Value]
    began: float
    steps: list[StepRecord]
    state: str = RUNNING
    ended: float | None = None
    error: str = ""
    metric: tuple[str, float] | None = None
    passed: bool | None = None
    checks: Sequence[tuple[str, str, bool]] = ()
    decision: str = ""
    model: str = ""

    def step(self, name: str) -> StepRecord:
        """Return the step with a name; the first time, that of an item of a loop is made."""
        for each in self.steps:
            if each.name == name:
                return each
        loop = without_indices(name)
        known = [n for n, each in enumerate(self.steps) if without_indices(each.name) == loop]
        like = self.steps[known[0]] if known else StepRecord(name)
        made = StepRecord(name, like.after, like.inputs)
        if known and like.name == loop and like.state == State.PENDING:
            self.steps[known[0]] = made
        else:
            # Beside the items before it.
            self.steps.insert(known[-1] + 1 if known else len(self.steps), made)
        return made

    def close(self, state: str, error: str, ended: float) -> None:
        """Record how it ended, and that steps which have not begun never will."""
        self.state, self.error, self.ended = state, error, ended
        for each in self.steps:
            if each.state == State.PENDING:
                each.state, each.why = State.SKIPPED.value, f"the run was {state}"

    def save(self, folder: Path) -> None:
        """Write it into the folder of the run."""
        with whole(folder / FILE) as partial:
            partial.write_text(json.dumps(asdict(self)))


def load(folder: Path) -> RunRecord | None:
    """Return what the folder of a run holds; None if it is not of a run that has a page."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        fields = json.loads((folder / FILE).read_text())
        steps = [StepRecord(**each) for each in fields.pop("steps")]
        for step in steps:
            step.outputs = [Output(*each) for each in step.outputs]
        return RunRecord(**fields, steps=steps)
    return None
