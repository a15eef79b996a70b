"""The command line of decide."""

import os
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from decide.limits import EXAMPLE, parse_limits
from decide.request import Request
from decide.step import decide
from pinion_step.champion import ALWAYS, POLICIES, model_version, policy
from pinion_step.cli import Parser, json_object, json_objects, path, run, truth, whole_number
from pinion_step.outputs import staged, write_text

STEP = "decide"
DEFAULT_EXPERIMENT = "pinion"
DEFAULT_SEED = 42
DEFAULT_TEST_FRACTION = 0.2
_MOST_SEED = 2**32 - 1
_REFUSED = ("dataset", "recipe", "thresholds", "compare_with")
_OUTPUTS = (
    ("--retrain", "whether to train, true or false"),
    ("--why", "the reason"),
    ("--recipe", "what a model would be made from: hashes of the parameters and of the code"),
    ("--drift", "the decision and the measures of each column, JSON"),
)


def build_parser() -> Parser:
    """Return the parser of the flags: the inputs and outputs of component.yaml."""
    parser = Parser(
        prog=STEP,
        description="Decide whether to train: compare the profile of the data with that of the "
        "champion's data, and the parameters and code of the new model with those of the champion.",
    )
    add = parser.add_argument
    add("--profile", type=path, required=True, metavar="FILE", help="profile that preprocess wrote")
    _add_champion(parser)
    _add_model(parser)
    add(
        "--limits",
        type=parse_limits,
        default="{}",
        metavar="JSON",
        help=f"limits of drift for measures and columns, such as {EXAMPLE}",
    )
    add(
        "--experiment",
        type=_experiment,
        default=DEFAULT_EXPERIMENT,
        metavar="NAME",
        help="MLflow experiment of train; the measures go to NAME-drift (default: %(default)s)",
    )
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="store of the champion (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    for flag, text in _OUTPUTS:
        add(flag, type=path, required=True, metavar="FILE", help=f"output: {text}")
    add(
        "--drift-report",
        type=path,
        metavar="FILE",
        help="output: both distributions of each column, one HTML file (default: not written)",
    )
    return parser


def _add_champion(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--champion",
        type=model_version,
        default="",
        metavar="NAME/VERSION",
        help="the champion, as resolve found it (default: none)",
    )
    add(
        "--policy",
        type=policy,
        default=ALWAYS,
        help=f"when to train: {', '.join(POLICIES)} (default: %(default)s)",
    )
    add(
        "--expired",
        type=truth,
        default="false",
        help="whether the champion is too old, true or false (default: %(default)s)",
    )
    add(
        "--refused",
        type=_refused,
        default="[]",
        metavar="JSON",
        help=f"candidates that did not pass: objects with {', '.join(_REFUSED)}",
    )


def _add_model(parser: Parser) -> None:
    add = parser.add_argument
    add("--model", default="hist_gradient_boosting", help="as for train (default: %(default)s)")
    for flag, example, text in (
        ("--model-params", '{"max_iter": 200}', "as for train"),
        ("--search", '{"trials": 30}', "as for train"),
        ("--thresholds", '{"accuracy": 0.9}', "as for evaluate"),
    ):
        add(flag, type=json_object(example), default="{}", metavar="JSON", help=text)
    add(
        "--test-fraction",
        type=_share,
        default=DEFAULT_TEST_FRACTION,
        metavar="SHARE",
        help="as for preprocess (default: %(default)s)",
    )
    add(
        "--seed",
        type=whole_number(DEFAULT_SEED, 0, _MOST_SEED),
        default=DEFAULT_SEED,
        help="as for train (default: %(default)s)",
    )
    add("--code", default="", metavar="HASH", help="of the components that make the model")
    add(
        "--compare-with",
        default="",
        metavar="NAME/VERSION",
        help="as for evaluate (default: none)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code."""
    return run(STEP, _decide, argv)


def _decide(argv: Sequence[str]) -> None:
    given = build_parser().parse(argv)
    files = {flag: getattr(given, _name(flag)) for flag, _ in _OUTPUTS}
    if given.drift_report:
        files["--drift-report"] = given.drift_report
    with staged(files) as outputs:
        found = decide(_request(given), os.environ)
        for flag in files:
            write_text(outputs[flag], found[_name(flag)])
    for name in ("retrain", "why", "recipe"):
        print(f"{name}: {found[name]}")


def _request(given: Namespace) -> Request:
    return Request(**{name: getattr(given, name) for name in Request.__dataclass_fields__})


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _experiment(text: str) -> str:
    return text.strip() or DEFAULT_EXPERIMENT


def _share(text: str) -> float:
    try:
        return float(text) if text.strip() else DEFAULT_TEST_FRACTION
    except ValueError:
        raise ArgumentTypeError(f"{text!r:.80} is not a number; give one such as 0.2") from None


def _refused(text: str) -> tuple[Mapping[str, Any], ...]:
    example = '[{"dataset": "…", "recipe": "…", "thresholds": {}, "compare_with": ""}]'
    candidates = json_objects(example)(text)
    for each in candidates:
        if lacking := [key for key in _REFUSED if key not in each]:
            raise ArgumentTypeError(f"{str(each)!r:.200} lacks {', '.join(lacking)}")
    return candidates


if __name__ == "__main__":
    sys.exit(main())
