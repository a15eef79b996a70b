"""The command line of evaluate."""

import os
import sys
from collections.abc import Sequence

from evaluate.gate.thresholds import parse_thresholds
from evaluate.report.plots import canvas
from evaluate.request import Request
from pinion_step.champion import model_version
from pinion_step.cli import Parser, json_names, path, run
from pinion_step.console import log
from pinion_step.kfp.executor_output import add_executor_input
from pinion_step.libraries import steer_libraries, warm_up
from pinion_step.mlflow import resolve_uri
from pinion_step.outputs import staged, write_text

_PATHS = (
    ("--model", "FOLDER", "train's MLflow model folder"),
    ("--test-data", "FILE", "preprocess's test split"),
    ("--result", "FILE", "the verdict, as JSON"),
    ("--test-metrics", "FILE", "the metrics on the test split, as flat JSON"),
)
_REPORTS = (
    ("--report", "FILE", "the report, one HTML file (default: not written)"),
    ("--report-data", "FILE", "the report's numbers, as JSON (default: not written)"),
    (
        "--classification-metrics",
        "FILE",
        "the confusion matrix and the ROC curve, in KFP's JSON (default: not written)",
    ),
)
_OUTPUTS = (
    "result",
    "test_metrics",
    "report",
    "report_data",
    "classification_metrics",
    "executor_output",
)


def build_parser() -> Parser:
    """Return the parser of the flags: the inputs and outputs of component.yaml."""
    parser = Parser(
        prog="evaluate",
        description="Measure a model on the test split and check the metrics against thresholds. "
        "The verdict is not an error: a model that fails its checks exits 0.",
    )
    for flag, metavar, text in _PATHS:
        parser.add_argument(flag, type=path, required=True, metavar=metavar, help=text)
    add = parser.add_argument
    for flag, metavar, text in _REPORTS:
        add(flag, type=path, metavar=metavar, help=text)
    add(
        "--slices",
        type=json_names,
        default="[]",
        metavar="JSON",
        help='columns to break the metrics of the report down by, such as ["age"]',
    )
    add(
        "--thresholds",
        type=parse_thresholds,
        default="{}",
        metavar="JSON",
        help='minimums, {"accuracy": 0.9}, limits, {"rmse": {"threshold": 0.8, '
        '"greater_is_better": false}}, or changes from the champion, '
        '{"roc_auc": {"min_absolute_change": 0.0, "confidence": 0.95}}; all must pass, and a '
        "metric at its limit passes (default: the model must beat the best constant answer)",
    )
    add(
        "--compare-with",
        type=model_version,
        default="",
        metavar="NAME/VERSION",
        help="the model version that a change is measured from, NAME/VERSION or "
        "NAME/VERSION@MODEL_ID; without one, a change passes",
    )
    add(
        "--recipe",
        default="",
        metavar="HASHES",
        help="what the model was made from, as decide found out, a tag of its run (default: none)",
    )
    add_executor_input(parser)
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="store that has the model's run (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    return parser


def parse_request(argv: Sequence[str]) -> Request:
    """Parse the command line; raises `WrongCallError`."""
    given = vars(build_parser().parse(argv))
    outputs = {name: given.pop(name) for name in _OUTPUTS}
    given["slices"] = tuple(dict.fromkeys(given["slices"]))
    return Request(
        **given,
        outputs={name: file for name, file in outputs.items() if file is not None},
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code."""
    return run("evaluate", _evaluate, argv)


def _evaluate(argv: Sequence[str]) -> None:
    request = parse_request(argv)
    # pandas, scikit-learn and MLflow take seconds to import; --help and a wrong call must not wait.
    steer_libraries()
    from evaluate.inputs.footprint import check_memory
    from evaluate.inputs.model import read_model_folder
    from evaluate.tracking import open_run, save

    model = read_model_folder(request.model)
    uri = resolve_uri(request.mlflow_tracking_uri, os.environ)
    check_memory(request.test_data)
    flags = {name: f"--{name.replace('_', '-')}" for name in request.outputs}
    with staged({flag: request.outputs[name] for name, flag in flags.items()}) as stages:
        client, model_run = open_run(uri, model.run_id, model.model_id)
        from evaluate.report.console import left_out, table, verdict
        from evaluate.step import measure

        evaluated = measure(client, model, request, model_run)
        for name, flag in flags.items():
            write_text(stages[flag], evaluated.outputs[name])
        save(client, model_run, evaluated, request)
    evaluation = evaluated.evaluation
    for line in left_out(evaluation):
        log("evaluate", line)
    print("\n".join([*table(evaluation), verdict(evaluation)]))


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still run."""
    warm_up("evaluate.step", "mlflow.store.tracking.sqlalchemy_store", "skops.io")
    canvas.load()


if __name__ == "__main__":
    sys.exit(main())
