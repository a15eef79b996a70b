"""The command line: `preprocess --dataset FILE --target NAME … --train-data FILE …`."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pinion_step.cli import Parser, json_names, optional_path, path, run, whole_number
from pinion_step.console import log
from pinion_step.errors import StepError, WrongCallError, reason
from pinion_step.outputs import staged

if TYPE_CHECKING:
    from preprocess.findings import Allowed, Finding
    from preprocess.settings import Settings
    from preprocess.step import Preprocessed

PROGRAM = "preprocess"
TASKS = ("classification", "regression")
OUTPUTS = ("train_data", "test_data", "schema", "report")
DEFAULT_TEST_FRACTION = "0.2"
DEFAULT_SEED = 42
_FILES = (
    ("--dataset", "the Parquet file that pull_data wrote"),
    ("--train-data", "output: the train rows, Parquet"),
    ("--test-data", "output: the test rows, Parquet"),
    ("--schema", "output: the columns, JSON"),
    ("--report", "output: rows, classes, warnings, JSON"),
)
# That of scikit-learn and NumPy, so that a seed for this step does for all.
_MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Request:
    """One call of preprocess; an empty target or task is that of the reference, or inferred."""

    dataset: Path
    target: str
    task: str
    test_fraction: float
    seed: int
    reference_schema: Path | None
    ignore_columns: tuple[str, ...]
    allowed_checks: tuple[str, ...]
    train_data: Path
    test_data: Path
    schema: Path
    report: Path


def build_parser() -> Parser:
    """Return the parser of the flags; an empty value means that a flag was not given."""
    parser = Parser(
        prog=PROGRAM,
        description="Clean a table, decide the kind of each column, split it into train and test.",
    )
    add = parser.add_argument
    for flag, text in _FILES:
        add(flag, type=path, required=True, metavar="FILE", help=text)
    add("--target", default="", metavar="COLUMN", help="the column to predict")
    known = " or ".join(TASKS)
    add("--task", type=_task, default="", help=f"{known} (default: inferred from the target)")
    add(
        "--test-fraction",
        type=_test_fraction,
        default=DEFAULT_TEST_FRACTION,
        metavar="SHARE",
        help="share of test rows, between 0 and 1 (default: %(default)s)",
    )
    add(
        "--seed",
        type=whole_number(DEFAULT_SEED, 0, _MOST_SEED),
        default=DEFAULT_SEED,
        help="another seed gives another split (default: %(default)s)",
    )
    add(
        "--reference-schema",
        type=optional_path,
        default="",
        metavar="FILE",
        help="a schema written earlier, which the table must fit (default: none)",
    )
    add(
        "--ignore-columns",
        type=json_names,
        default="",
        metavar="JSON",
        help="columns to leave out, as a JSON list of names (default: none)",
    )
    add(
        "--allowed-checks",
        type=json_names,
        default="",
        metavar="JSON",
        help='findings to overrule, as a JSON list of "check" or "check:column" (default: none)',
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code: 0 done, 1 the work failed, 2 the call was wrong."""
    return run(PROGRAM, _preprocess, argv)


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still work."""
    import_module("preprocess.step")


def _preprocess(argv: Sequence[str]) -> None:
    request = Request(**vars(build_parser().parse(argv)))
    # Not above: pandas would make --help slow.
    from preprocess.findings import ChecksError

    try:
        result = _split(request)
    except ChecksError as error:
        _log_all(error.findings)
        raise
    _log_all(result.findings)
    print(_summary(result))


def _split(request: Request) -> "Preprocessed":
    from preprocess.lineage import describe
    from preprocess.reading.table import Dataset
    from preprocess.step import Outputs, preprocess

    settings = _settings(request)
    ignored = _ignored(request.ignore_columns, settings.target)
    dataset = Dataset(request.dataset, ignored)
    metadata = dataset.origin | describe(settings, ignored, _inputs(request))
    flags = {f"--{name.replace('_', '-')}": name for name in OUTPUTS}
    try:
        with staged({flag: getattr(request, name) for flag, name in flags.items()}) as staging:
            outputs = Outputs(**{name: staging[flag] for flag, name in flags.items()})
            return preprocess(dataset, settings, outputs, metadata)
    except OSError as error:
        raise StepError(
            f"--train-data: {request.train_data} or another output cannot be written:"
            f" {reason(error)}; free some space, or give another place"
        ) from None


def _inputs(request: Request) -> dict[str, Path]:
    given = {"dataset": request.dataset, "reference_schema": request.reference_schema}
    return {name: file for name, file in given.items() if file}


def _test_fraction(text: str) -> float:
    try:
        fraction = float(text or DEFAULT_TEST_FRACTION)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < fraction < 1:
        raise ArgumentTypeError(f"{text} is not between 0 and 1")
    return fraction


def _task(text: str) -> str:
    if text and text not in TASKS:
        raise ArgumentTypeError(f"{text!r} is unknown (known: {', '.join(TASKS)})")
    return text


def _ignored(given: Sequence[str], target: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given)
    if target in names:
        raise WrongCallError(f"--ignore-columns: {target!r} is the target; keep it")
    return names


def _allowed(given: Sequence[str]) -> "Allowed":
    from preprocess.findings import CHECKS, Allowed

    entries = tuple(entry.strip() for entry in given)
    for entry in entries:
        if entry.partition(":")[0] not in CHECKS:
            known = ", ".join(CHECKS)
            raise WrongCallError(f"--allowed-checks: {entry!r}: no such check (known: {known})")
    return Allowed(entries)


def _settings(request: Request) -> "Settings":
    from preprocess.reading.schema import read_schema
    from preprocess.reading.target import Task
    from preprocess.settings import Settings

    # What is wrong with the call comes before what is wrong with a file.
    allowed = _allowed(request.allowed_checks)
    reference = read_schema(request.reference_schema) if request.reference_schema else None
    target = request.target.strip() or (reference.target.name if reference else "")
    if not target:
        raise WrongCallError("--target: name the column to predict")
    return Settings(
        target=target,
        task=Task(request.task) if request.task else None,
        test_fraction=request.test_fraction,
        seed=request.seed,
        reference=reference,
        allowed=allowed,
    )


def _summary(result: "Preprocessed") -> str:
    schema, assignment = result.schema, result.assignment
    classes = f" with {len(assignment.classes)} classes" if assignment.classes else ""
    return (
        f"{result.train_rows} train and {result.test_rows} test rows,"
        f" {len(schema.features)} features, {schema.task.value} of"
        f" {schema.target.name!r}{classes} (dropped: {assignment.duplicates} duplicates,"
        f" {assignment.without_target} rows without a target)"
    )


def _log_all(findings: "Sequence[Finding]") -> None:
    """Log errors and warnings; the last line of the log tells of a single error."""
    errors = [each for each in findings if each.severity.value == "error"]
    for each in findings:
        if each.severity.value == "warning" or (each in errors and len(errors) > 1):
            log(PROGRAM, f"{each.severity.value}: {each.message}")


if __name__ == "__main__":
    sys.exit(main())
