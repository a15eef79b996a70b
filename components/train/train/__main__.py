"""The command line of train, which gives a model folder, its ids and its metrics."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pinion_step.cli import Parser, json_object, path, refuse_shared, run, whole_number
from pinion_step.errors import one_line
from pinion_step.kfp.executor_output import add_executor_input
from pinion_step.libraries import steer_libraries, warm_up
from train import options
from train.log import log
from train.models import known_models
from train.options import Options
from train.search.options import parse_search

PATHS = ("train_data", "schema", "profile", "trained_model", "run_id", "model_id", "metrics")


def build_parser() -> Parser:
    """Return the parser of the flags."""
    parser = Parser(prog="train", description="Fit a model and record it in MLflow.")
    add = parser.add_argument
    add("--train-data", type=path, required=True, metavar="FILE", help="training split, Parquet")
    add("--schema", type=path, required=True, metavar="FILE", help="schema of the columns, JSON")
    add("--profile", type=path, required=True, metavar="FILE", help="profile of the data, JSON")
    add(
        "--model",
        default=options.DEFAULT_MODEL,
        help=f"{known_models()} (default: %(default)s)",
    )
    add(
        "--model-params",
        type=json_object('{"max_iter": 200}'),
        default="{}",
        metavar="JSON",
        help="parameters of the estimator",
    )
    add(
        "--search",
        type=json_object('{"trials": 20}'),
        default="{}",
        metavar="JSON",
        help="search for parameters: an object with method (random or halving), trials, space "
        "and metric, all optional (default: no search)",
    )
    add(
        "--seed",
        type=whole_number(options.DEFAULT_SEED, 0, 2**32 - 1),  # the range of scikit-learn
        default=options.DEFAULT_SEED,
        help="seed of the estimator, of the folds and of the search (default: %(default)s)",
    )
    add(
        "--cv-folds",
        type=whole_number(options.DEFAULT_FOLDS, 2, 1000),
        default=options.DEFAULT_FOLDS,
        metavar="N",
        help="folds of the cross-validation; fewer if a class has fewer rows "
        "(default: %(default)s)",
    )
    add(
        "--experiment",
        default=options.DEFAULT_EXPERIMENT,
        help="MLflow experiment of the run, created if it does not exist (default: %(default)s)",
    )
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="sqlite:///FILE or http(s)://HOST (default: MLFLOW_TRACKING_URI, else "
        "sqlite:///mlflow.db)",
    )
    add("--experiment-parameters", default="", metavar="K=V,…", help="more parameters of the run")
    parser.add_switch("--quiet", "no progress on stderr")
    add_executor_input(parser)
    _add_outputs(parser.add_argument_group("outputs").add_argument)
    return parser


def _add_outputs(add: Callable[..., object]) -> None:
    add("--trained-model", type=path, required=True, metavar="FOLDER", help="the MLflow model")
    add("--run-id", type=path, required=True, metavar="FILE", help="the id of the MLflow run")
    add("--model-id", type=path, required=True, metavar="FILE", help="the id of the MLflow model")
    add("--metrics", type=path, required=True, metavar="FILE", help="cross-validated metrics, JSON")


def parse_options(argv: Sequence[str]) -> Options:
    """Parse the command line; raises `WrongCallError` naming the flag and the value."""
    given = vars(build_parser().parse(argv))
    refuse_shared({f"--{name.replace('_', '-')}": given[name] for name in PATHS})
    return Options(
        **given
        | {
            "model": given["model"].strip() or options.DEFAULT_MODEL,
            "search": parse_search(given["search"]),
            "experiment": given["experiment"].strip() or options.DEFAULT_EXPERIMENT,
            "experiment_parameters": options.parse_experiment_parameters(
                given["experiment_parameters"]
            ),
        }
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step; return 0, 1 if the work failed, 2 if the call was wrong."""
    return run("train", _train, argv)


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still work."""
    warm_up(
        "train.step",
        "train.tracking.run",
        "train.model.logged_model",
        "mlflow.store.tracking.sqlalchemy_store",
        "skops.io",
    )


def _train(argv: Sequence[str]) -> None:
    with _one_line_warnings():
        parsed = parse_options(argv)
        steer_libraries()
        # Late, so that --help and a wrong call need not wait for scikit-learn.
        from train.step import train

        print(train(parsed))


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Log each warning of the libraries once, as one line, without the line of its source."""
    said: set[str] = set()

    def say(message: Warning | str, *_details: object, **_more: object) -> None:
        line = one_line(message, 600)
        if line not in said:
            said.add(line)
            log(f"warning: {line}")

    with warnings.catch_warnings():
        # Deprecations concern the authors of the libraries; the interpreter hides them too.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.showwarning = say
        yield


if __name__ == "__main__":
    sys.exit(main())
