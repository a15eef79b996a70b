"""The command line of train: flags in; a model folder, its ids and its metrics out."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from train import options
from train.errors import WORK_FAILED, TrainError, WrongCallError, log, one_line
from train.interrupt import Interrupted, stop_signals_raise
from train.options import Options
from train.search.options import parse_search

if TYPE_CHECKING:
    from train.step import Trained

# Read by the libraries when they are imported. What the user has set stays.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # a dead server takes 6 seconds, not 247
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # which may ask for an hour
    "MLFLOW_DISABLE_TELEMETRY": "true",  # a step talks to nobody but the tracking server
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout is for the result
    # Threads that wait by spinning slow each other down a hundredfold where cores are shared.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Arrow's own pools keep what a table took, as much as the table again, for tables to come.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}

# Flags without a value.
ALONE = ("--help", "--quiet")
NEEDED = (
    "train.step",
    "train.tracking.run",
    "train.model.logged_model",
    "mlflow.store.tracking.sqlalchemy_store",
    "skops.io",
)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like every other."""

    def error(self, message: str) -> NoReturn:
        """Raise WrongCallError in place of printing the usage."""
        raise WrongCallError(f"{message}; see --help")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the flags, all of them text: `parse_options` gives them types."""
    parser = Parser(prog="train", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--train-data", required=True, metavar="FILE", help="training split, Parquet")
    add("--schema", required=True, metavar="FILE", help="schema of the columns, JSON")
    add(
        "--model",
        default=options.DEFAULT_MODEL,
        help="classification: logistic_regression, random_forest, hist_gradient_boosting; "
        "regression: ridge, random_forest, hist_gradient_boosting (default: %(default)s)",
    )
    add("--model-params", default="{}", metavar="JSON", help="parameters of the estimator")
    add(
        "--search",
        default="{}",
        metavar="JSON",
        help="look for parameters: method (random or halving), trials, space, metric; all have "
        "defaults (default: no search)",
    )
    add("--seed", default=str(options.DEFAULT_SEED), help="default: %(default)s")
    add(
        "--cv-folds",
        default=str(options.DEFAULT_FOLDS),
        metavar="N",
        help="folds of the cross-validation; fewer where a class has fewer rows "
        "(default: %(default)s)",
    )
    add("--experiment", default=options.DEFAULT_EXPERIMENT, help="default: %(default)s")
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="sqlite:///FILE or http(s)://HOST (default: MLFLOW_TRACKING_URI, else "
        "sqlite:///mlflow.db)",
    )
    add("--experiment-parameters", default="", metavar="K=V,…", help="more to record in the run")
    add("--quiet", action="store_true", help="no progress on stderr")
    _add_outputs(parser.add_argument_group("outputs").add_argument)
    return parser


def _add_outputs(add: Callable[..., object]) -> None:
    add("--trained-model", required=True, metavar="FOLDER", help="the MLflow model")
    add("--run-id", required=True, metavar="FILE", help="the id of the MLflow run")
    add("--model-id", required=True, metavar="FILE", help="the id of the MLflow model")
    add("--metrics", required=True, metavar="FILE", help="cross-validated metrics, JSON")


def parse_options(argv: Sequence[str] | None) -> Options:
    """Parse the command line; raises WrongCallError naming the flag and the value."""
    given = build_parser().parse_args(_joined(argv))
    paths = ("train_data", "schema", "trained_model", "run_id", "model_id", "metrics")
    parsed = {
        name: options.parse_path(getattr(given, name), f"--{name.replace('_', '-')}")
        for name in paths
    }
    options.refuse_shared(parsed)
    return Options(
        **parsed,
        model=given.model.strip() or options.DEFAULT_MODEL,
        model_params=options.parse_object(
            given.model_params, "--model-params", '{"max_iter": 200}'
        ),
        search=parse_search(options.parse_object(given.search, "--search", '{"trials": 20}')),
        seed=options.parse_count(
            given.seed, "--seed", options.DEFAULT_SEED, 0, options.LARGEST_SEED
        ),
        cv_folds=options.parse_count(
            given.cv_folds, "--cv-folds", options.DEFAULT_FOLDS, 2, options.MOST_FOLDS
        ),
        experiment=given.experiment.strip() or options.DEFAULT_EXPERIMENT,
        mlflow_tracking_uri=given.mlflow_tracking_uri,
        experiment_parameters=options.parse_experiment_parameters(given.experiment_parameters),
        quiet=given.quiet,
    )


def _joined(argv: Sequence[str] | None) -> list[str]:
    """Join each flag with its value, which may start with a dash, as a column's name may."""
    words = list(sys.argv[1:] if argv is None else argv)
    joined = []
    while words:
        word = words.pop(0)
        takes_value = word.startswith("--") and "=" not in word and word not in ALONE
        joined.append(f"{word}={words.pop(0)}" if takes_value and words else word)
    return joined


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step; return 0, 1 where the work failed, 2 where the call was wrong."""
    try:
        with stop_signals_raise(), _one_line_warnings():
            print(_summary(_train(parse_options(argv))))
    except TrainError as error:
        return _fail(error, error.exit_code)
    except Interrupted as error:
        return _fail(f"{error}; unfinished output was removed", error.exit_code)
    except OSError as error:
        # Of a copy that failed the second name is where it was going to.
        place = error.filename2 or error.filename
        where = f"{place}: " if place else ""
        return _fail(f"{where}{error.strerror or error}", WORK_FAILED)
    except MemoryError:
        return _fail("out of memory; give the step more, or the model fewer rows", WORK_FAILED)
    return 0


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still work."""
    _steer_libraries()
    for name in NEEDED:
        import_module(name)


def _steer_libraries() -> None:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def _train(parsed: Options) -> Trained:
    _steer_libraries()
    # Late, so that --help and a wrong call need not wait for scikit-learn.
    from train.step import train

    return train(parsed)


def _summary(trained: Trained) -> str:
    main_metric = "accuracy" if "cv_accuracy_mean" in trained.metrics else "rmse"
    mean, std = (trained.metrics[f"cv_{main_metric}_{part}"] for part in ("mean", "std"))
    return (
        f"run {trained.run_id}, model {trained.model_id}, "
        f"cross-validated {main_metric} {mean:.6g} ± {std:.2g}"
    )


def _fail(message: object, exit_code: int) -> int:
    print(f"train: error: {one_line(message)}", file=sys.stderr)
    return exit_code


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Log each warning of the libraries once, as one line, without the line of their source."""
    said: set[str] = set()

    def say(message: Warning | str, *_details: object, **_more: object) -> None:
        line = one_line(message)
        if line not in said:
            said.add(line)
            log(f"warning: {line}")

    with warnings.catch_warnings():
        # These are for the authors of the libraries; the interpreter hides them too.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.showwarning = say
        yield


if __name__ == "__main__":
    sys.exit(main())
