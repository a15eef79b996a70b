"""The command line of evaluate."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from evaluate.errors import FAILED, OK, WRONG_CALL, EvaluateError
from evaluate.gate.change import Change
from evaluate.gate.thresholds import Threshold, parse_thresholds
from evaluate.inputs.names import check_alias, check_champion_name
from evaluate.inputs.slices import parse_slices
from evaluate.interrupt import Interrupted, stop_signals_raise
from evaluate.outputs import executor_output, fill, staged

if TYPE_CHECKING:
    from evaluate.gate.evaluation import Evaluation

DEFAULT_ALIAS = "champion"

_PATHS = (
    ("--model", "FOLDER", "train's MLflow model folder"),
    ("--test-data", "FILE", "preprocess's test split"),
    ("--result", "FILE", "the verdict, as JSON"),
    ("--metrics", "FILE", "the metrics, as flat JSON"),
)
_REPORTS = (
    ("--report", "FILE", "the report, one HTML file (default: none is made)"),
    ("--report-data", "FILE", "the report's numbers, as JSON (default: not written)"),
    (
        "--classification-metrics",
        "FILE",
        "the confusion matrix and the ROC curve, in KFP's JSON (default: not written)",
    ),
)
_OUTPUTS = (
    "result",
    "metrics",
    "report",
    "report_data",
    "classification_metrics",
    "executor_output",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise EvaluateError(f"{message}; see --help", WRONG_CALL)


def build_parser() -> argparse.ArgumentParser:
    """The flags: the inputs and outputs of component.yaml."""
    parser = _Parser(
        prog="evaluate",
        description="Measures a model on the test split and holds the metrics against thresholds. "
        "The verdict is not an error: a model that fails its checks exits 0.",
        allow_abbrev=False,
    )
    for flag, metavar, text in _PATHS:
        parser.add_argument(flag, type=_path, required=True, metavar=metavar, help=text)
    add = parser.add_argument
    for flag, metavar, text in _REPORTS:
        add(flag, type=_path, metavar=metavar, help=text)
    add(
        "--slices",
        default="[]",
        metavar="JSON",
        help='columns, such as ["age"], by whose values the report tells the metrics apart',
    )
    add(
        "--thresholds",
        default="{}",
        metavar="JSON",
        help='minimums, {"accuracy": 0.9}, or in full {"rmse": {"threshold": 0.8, '
        '"greater_is_better": false}}; all must pass, the limit itself does '
        'against the champion {"roc_auc": {"min_absolute_change": 0.0, "confidence": 0.95}} '
        "(default: the model must beat the best constant answer)",
    )
    add(
        "--registered-model-name",
        default="",
        metavar="NAME",
        help="the name the model may get in the registry, where the champion has it",
    )
    add(
        "--alias",
        default=DEFAULT_ALIAS,
        metavar="ALIAS",
        help="the alias of the champion; looked at only where a threshold is a change "
        "(default: %(default)s)",
    )
    add(
        "--executor-input",
        dest="executor_output",
        type=_executor_output,
        metavar="JSON",
        help="KFP's message to the step, which says where it reads what its UI shows by itself "
        "(default: not written)",
    )
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="where the model's run is (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
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
    """Runs the step and gives its exit code: the only place that decides it."""
    try:
        with stop_signals_raise():
            return _attempt(argv)
    except Interrupted as error:
        return _fail(f"{error}; no output was written", error.exit_code)


def _attempt(argv: Sequence[str] | None) -> int:
    try:
        args = build_parser().parse_args(_joined(argv))
        _run(args, parse_thresholds(args.thresholds), parse_slices(args.slices))
    except EvaluateError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        return _fail(f"{error}; check that the path is there and may be used", FAILED)
    except MemoryError:
        return _fail("out of memory; give the step more of it", FAILED)
    return OK


def _run(
    args: argparse.Namespace,
    thresholds: tuple[Threshold | Change, ...],
    slices: tuple[str, ...],
) -> None:
    alias = args.alias or DEFAULT_ALIAS
    if any(isinstance(threshold, Change) for threshold in thresholds):
        check_champion_name(args.registered_model_name)
        check_alias(alias)
    # pandas, scikit-learn and MLflow take seconds to import, which --help and a wrong call must
    # not pay.
    _steer_libraries()
    from evaluate.inputs.footprint import check_memory
    from evaluate.inputs.model import read_model_folder
    from evaluate.tracking import open_run, tracking_uri

    model = read_model_folder(args.model)
    uri = tracking_uri(args.mlflow_tracking_uri, os.environ)
    check_memory(args.test_data)
    names = [name for name in _OUTPUTS if getattr(args, name) is not None]
    with staged([getattr(args, name) for name in names]) as stages:
        client = open_run(uri, model.run_id, model.model_id)
        from evaluate.step import Request, run, save

        request = Request(
            args.test_data, thresholds, args.thresholds, slices, args.registered_model_name, alias
        )
        evaluation, outputs = run(client, model, request, names)
        for name, stage in zip(names, stages, strict=True):
            fill(stage, outputs[name])
        save(client, evaluation, outputs)
    _report(evaluation)


def warm() -> None:
    """Imports what the step needs; a runner may call it while earlier steps still work."""
    _steer_libraries()
    for name in ("evaluate.step", "mlflow.store.tracking.sqlalchemy_store", "skops.io"):
        import_module(name)


def _steer_libraries() -> None:
    """Sets what they read when they are imported."""
    # Gradient boosting predicts with OpenMP, whose threads otherwise spin while they wait: on
    # busy cores that makes minutes of tenths of a second.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Arrow's own pools keep what a table took, as much as the table again, for tables to come.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # A step calls home to nobody.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def _report(evaluation: "Evaluation") -> None:
    from evaluate.report.console import left_out, table, verdict

    for line in left_out(evaluation):
        print(f"evaluate: {line}", file=sys.stderr)
    print("\n".join([*table(evaluation.checks), verdict(evaluation)]))


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _executor_output(text: str) -> Path | None:
    try:
        return executor_output(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} {error}") from error


def _fail(message: str, exit_code: int) -> int:
    print(f"evaluate: error: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
