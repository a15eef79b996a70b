"""The command line of register."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from register.errors import FAILED, OK, WRONG_CALL, RegisterError
from register.evaluation import read_evaluation, require_passed
from register.interrupt import Interrupted, stop_signals_raise
from register.lineage import version_tags
from register.model import read_model_folder
from register.names import check_alias, check_model_name
from register.outputs import fill, staged
from register.tracking import open_store, tracking_uri

DEFAULT_NAME = "pinion-model"

_PATHS = (
    ("--model", "FOLDER", "train's MLflow model folder"),
    ("--evaluation", "FILE", "evaluate's result"),
    ("--model-version", "FILE", "the number, as text"),
    ("--model-uri", "FILE", "models:/NAME/VERSION"),
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RegisterError(f"{message}; see --help", WRONG_CALL)


def build_parser() -> argparse.ArgumentParser:
    """The flags: the inputs and outputs of component.yaml."""
    parser = _Parser(
        prog="register",
        description="Registers a model that passed its evaluation in MLflow: as exactly one "
        "version, however often the call is repeated.",
        allow_abbrev=False,
    )
    for flag, metavar, text in _PATHS:
        parser.add_argument(flag, type=_path, required=True, metavar=metavar, help=text)
    add = parser.add_argument
    add(
        "--registered-model-name",
        default=DEFAULT_NAME,
        metavar="NAME",
        help="the name in the registry (default: %(default)s)",
    )
    add(
        "--alias",
        default="champion",
        metavar="ALIAS",
        help="the alias to move to the version, never back from a newer one; empty for none "
        "(default: %(default)s)",
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
        return _fail(f"{error}; no output was written, repeating the call is safe", error.exit_code)


def _attempt(argv: Sequence[str] | None) -> int:
    try:
        _run(build_parser().parse_args(_joined(argv)))
    except RegisterError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        return _fail(f"{error}; check that the path is there and may be used", FAILED)
    except MemoryError:
        return _fail("out of memory; give the step more of it", FAILED)
    return OK


def _run(args: argparse.Namespace) -> None:
    name = args.registered_model_name or DEFAULT_NAME
    check_model_name(name)
    check_alias(args.alias)
    model = read_model_folder(args.model)
    result = read_evaluation(args.evaluation)
    require_passed(args.evaluation, result, model)
    uri = tracking_uri(args.mlflow_tracking_uri, os.environ)
    with (
        staged([args.model_version, args.model_uri]) as (model_version, model_uri),
        open_store(uri, model) as store,
    ):
        # It imports MLflow, which takes seconds that no refusal above must pay.
        from register.registry import register_model

        tags = version_tags(model, store.run_tags, os.environ)
        registration = register_model(store.client, name, args.alias, model, tags, result)
        fill(model_version, str(registration.version))
        fill(model_uri, registration.uri)
    print(registration)


def warm() -> None:
    """Imports what the step needs; a runner may call it while earlier steps still work."""
    # A step calls home to nobody; read when MLflow is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("register.registry", "mlflow.store.tracking.sqlalchemy_store"):
        import_module(name)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _fail(message: str, exit_code: int) -> int:
    print(f"register: error: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
