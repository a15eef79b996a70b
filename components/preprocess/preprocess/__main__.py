"""The command line: `preprocess --dataset FILE --target NAME … --train-data FILE …`."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from preprocess.errors import PreprocessError, reason
from preprocess.interrupt import Interrupted, stop_signals_raise

if TYPE_CHECKING:
    from preprocess.findings import Allowed, Finding
    from preprocess.settings import Settings
    from preprocess.step import Preprocessed

PROGRAM = "preprocess"
TASKS = ("classification", "regression")
OUTPUTS = ("train_data", "test_data", "schema", "report")
DEFAULT_TEST_FRACTION = "0.2"
DEFAULT_SEED = "42"
# That of scikit-learn and NumPy, so that a seed for this step does for all.
_MOST_SEED = 2**32 - 1


class _Parser(argparse.ArgumentParser):
    """A parser whose failures are told like all others: in one line."""

    def error(self, message: str) -> NoReturn:
        raise PreprocessError(f"{message} (see --help)", exit_code=2)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; an empty value means that a flag was not given."""
    parser = _Parser(
        prog=PROGRAM,
        description="Clean a table, decide the kind of each column, split it into train and test.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--dataset", required=True, metavar="FILE", help="the Parquet file that pull_data wrote")
    add("--target", default="", metavar="COLUMN", help="the column to predict")
    add("--task", default="", help=f"{' or '.join(TASKS)} (default: told by the target)")
    add(
        "--test-fraction",
        default=DEFAULT_TEST_FRACTION,
        metavar="SHARE",
        help="share of test rows, between 0 and 1 (default: %(default)s)",
    )
    add("--seed", default=DEFAULT_SEED, help="another is another split (default: %(default)s)")
    add(
        "--reference-schema",
        default="",
        metavar="FILE",
        help="a schema written earlier, which the table must fit (default: none)",
    )
    add(
        "--ignore-columns",
        default="",
        metavar="JSON",
        help="columns to leave out, as a JSON list of names (default: none)",
    )
    add(
        "--allowed-checks",
        default="",
        metavar="JSON",
        help='findings to overrule, as a JSON list of "check" or "check:column" (default: none)',
    )
    add("--train-data", required=True, metavar="FILE", help="output: the train rows, Parquet")
    add("--test-data", required=True, metavar="FILE", help="output: the test rows, Parquet")
    add("--schema", required=True, metavar="FILE", help="output: the columns, JSON")
    add("--report", required=True, metavar="FILE", help="output: rows, classes, warnings, JSON")
    return parser


def _joined(argv: Sequence[str] | None) -> list[str]:
    """Join each flag with its value, which may start with a dash, as a column's name may."""
    words = list(sys.argv[1:] if argv is None else argv)
    joined = []
    while words:
        word = words.pop(0)
        takes_value = word.startswith("--") and "=" not in word and word != "--help"
        joined.append(f"{word}={words.pop(0)}" if takes_value and words else word)
    return joined


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code: 0 done, 1 the work failed, 2 the call was wrong."""
    try:
        with stop_signals_raise():
            return _run(build_parser().parse_args(_joined(argv)))
    except PreprocessError as error:
        with suppress(OSError):
            _log_all(getattr(error, "findings", ()))
        return _fail(str(error), error.exit_code)
    except Interrupted as error:
        return _fail(f"{error}; nothing was written", error.exit_code)
    except MemoryError:
        return _fail("not enough memory; give this step more", 1)
    except OSError as error:
        return _fail(reason(error), 1)


def warm() -> None:
    """Imports what the step needs; a runner may call it while earlier steps still work."""
    import_module("preprocess.step")


def _run(arguments: argparse.Namespace) -> int:
    paths = _output_paths(arguments)
    # Not above: pandas would make --help slow.
    from preprocess.lineage import describe
    from preprocess.reading.table import Dataset
    from preprocess.staging import staged
    from preprocess.step import Outputs, preprocess

    settings = _settings(arguments)
    ignored = _ignored(arguments.ignore_columns, settings.target)
    dataset = Dataset(Path(arguments.dataset), ignored)
    metadata = dataset.origin | describe(settings, ignored, _inputs(arguments))
    try:
        with staged(paths) as parts:
            result = preprocess(dataset, settings, Outputs(*parts.values()), metadata)
    except OSError as error:
        raise PreprocessError(
            f"--train-data: {arguments.train_data} or another output cannot be written:"
            f" {reason(error)}; free some space, or give another place"
        ) from None
    _log_all(result.findings)
    print(_summary(result))
    return 0


def _inputs(arguments: argparse.Namespace) -> dict[str, Path]:
    given = {name: getattr(arguments, name) for name in ("dataset", "reference_schema")}
    return {name: Path(path) for name, path in given.items() if path}


def _output_paths(arguments: argparse.Namespace) -> dict[str, Path]:
    given = {f"--{name.replace('_', '-')}": getattr(arguments, name) for name in OUTPUTS}
    for flag, path in {"--dataset": arguments.dataset, **given}.items():
        if not path:
            raise PreprocessError(f"{flag}: no path given", exit_code=2)
    return {flag: Path(path) for flag, path in given.items()}


def _test_fraction(text: str) -> float:
    try:
        fraction = float(text)
    except ValueError:
        raise PreprocessError(f"--test-fraction: {text!r} is not a number", exit_code=2) from None
    if not 0 < fraction < 1:
        raise PreprocessError(f"--test-fraction: {text} is not between 0 and 1", exit_code=2)
    return fraction


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        raise PreprocessError(f"--seed: {text!r} is not a whole number", exit_code=2) from None
    if not 0 <= seed <= _MOST_SEED:
        raise PreprocessError(f"--seed: {text} is not between 0 and {_MOST_SEED}", exit_code=2)
    return seed


def _task(text: str) -> str:
    if text and text not in TASKS:
        known = ", ".join(TASKS)
        raise PreprocessError(f"--task: {text!r} is unknown (known: {known})", exit_code=2)
    return text


def _names(flag: str, text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text or "[]")
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PreprocessError(
            f'{flag}: {text!r} is not a JSON list of texts, such as ["a", "b"]', exit_code=2
        )
    return tuple(name.strip() for name in names)


def _ignored(text: str, target: str) -> tuple[str, ...]:
    names = _names("--ignore-columns", text)
    if target in names:
        raise PreprocessError(f"--ignore-columns: {target!r} is the target; keep it", exit_code=2)
    return names


def _allowed(text: str) -> "Allowed":
    from preprocess.findings import CHECKS, Allowed

    entries = _names("--allowed-checks", text)
    for entry in entries:
        if entry.partition(":")[0] not in CHECKS:
            known = ", ".join(CHECKS)
            raise PreprocessError(
                f"--allowed-checks: {entry!r}: no such check (known: {known})", exit_code=2
            )
    return Allowed(entries)


def _settings(arguments: argparse.Namespace) -> "Settings":
    from preprocess.reading.schema import read_schema
    from preprocess.reading.target import Task
    from preprocess.settings import Settings

    # What is wrong with the call comes before what is wrong with a file.
    task = _task(arguments.task)
    fraction = _test_fraction(arguments.test_fraction or DEFAULT_TEST_FRACTION)
    seed = _seed(arguments.seed or DEFAULT_SEED)
    allowed = _allowed(arguments.allowed_checks)
    path = arguments.reference_schema
    reference = read_schema(Path(path)) if path else None
    target = arguments.target.strip() or (reference.target.name if reference else "")
    if not target:
        raise PreprocessError("--target: name the column to predict", exit_code=2)
    return Settings(
        target=target,
        task=Task(task) if task else None,
        test_fraction=fraction,
        seed=seed,
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
    """Log errors and warnings; a lone error is told by the last line."""
    errors = [each for each in findings if each.severity.value == "error"]
    for each in findings:
        if each.severity.value == "warning" or (each in errors and len(errors) > 1):
            _log(f"{each.severity.value}: {each.message}")


def _log(message: str) -> None:
    print(f"{PROGRAM}: {message}", file=sys.stderr)


def _fail(message: str, exit_code: int) -> int:
    # Where the disk is full the log may be too; the exit code is still to be told.
    with suppress(OSError):
        _log(f"error: {message}")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
