"""Compare two runs of one pipeline, step by step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose, isnan

from pipelines.compiled.graph import Pipeline
from pipelines.models.records import Record
from pipelines.reproduction.replay import outputs
from pipelines.reproduction.steps import Step
from pipelines.runner.task.backend import TaskFailedError, Values
from pipelines.system.manifests import file_hash

# The relative difference that another order of additions may cause.
TOLERANCE = 1e-6
# The steps whose outputs depend on the order of additions.
_OF_THE_MODEL = ("train", "evaluate")
_SHOWN = 12
_HEADINGS = ("step", "output", "recorded", "again")


@dataclass(frozen=True)
class Row:
    """An output with its SHA-256 then and now; None if the step did not get that far."""

    step: str
    output: str
    recorded: str
    again: str | None

    @property
    def same(self) -> bool:
        """Whether the bytes are equal."""
        return self.recorded == self.again


def compare(
    pipeline: Pipeline,
    recorded: Mapping[str, Record],
    again: Mapping[str, Record],
    made: Mapping[str, Values],
) -> list[Row]:
    """Pair every recorded output with that of the new run: its file, or its record."""
    return [
        Row(
            step.component,
            output,
            sha256,
            _made(step, output, again.get(step.component), made),
        )
        for step, output, sha256 in outputs(pipeline, recorded)
    ]


def _made(step: Step, output: str, record: Record | None, made: Mapping[str, Values]) -> str | None:
    artifacts = made[step.name].artifacts if step.name in made else {}
    if output in artifacts:
        return file_hash(artifacts[output].path)
    return record.outputs.get(output) if record else None


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the rows as lines of a table, with shortened hashes."""
    cells = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(map(str.ljust, line, widths)).rstrip()


def _cells(row: Row) -> tuple[str, str, str, str]:
    again = "not made" if row.again is None else row.again[:_SHOWN]
    differs = "" if row.same or row.again is None else "  differs"
    return row.step, row.output, row.recorded[:_SHOWN], f"{again}{differs}"


def equal_metrics(recorded: Mapping[str, float], again: Mapping[str, float]) -> bool:
    """Return whether both have the same metrics, each within the relative `TOLERANCE`."""
    return recorded.keys() == again.keys() and all(
        isclose(value, again[name], rel_tol=TOLERANCE, abs_tol=TOLERANCE**2)
        or (isnan(value) and isnan(again[name]))
        for name, value in recorded.items()
    )


def verdict(
    rows: Sequence[Row], failure: TaskFailedError | None, metrics_are_equal: bool
) -> tuple[bool, str]:
    """Return whether both made the same model, and an explanation.

    `failure` is that of a step of the new run.
    """
    different = next((row for row in rows if not row.same), None)
    if different is None:
        return failure is None, failure.account if failure else "identical"
    start = f"differs from step {different.step!r} on"
    if different.again is None:
        return (
            False,
            f"{start}: {failure.account if failure else f'there is no {different.output} now'}",
        )
    if metrics_are_equal and different.step in _OF_THE_MODEL and failure is None:
        within = f"each metric is within {TOLERANCE:g} of its value"
        return True, f"equal metrics: predictions differ in bytes, {within}"
    return False, (
        f"{start}: the SHA-256 of {different.output} was {different.recorded}"
        f" and is {different.again}"
    )
