"""The command line of register."""

import os
import sys
from collections.abc import Sequence

from pinion_step.cli import Parser, path, run
from pinion_step.libraries import warm_up
from pinion_step.mlflow import resolve_uri
from pinion_step.names import check_alias, check_model_name
from pinion_step.outputs import staged, write_text
from register.evaluation import read_evaluation, require_passed
from register.in_place import registered
from register.model import read_model_folder, version_tags
from register.registry import register_model
from register.tracking import open_store

DEFAULT_NAME = "pinion-model"

_PATHS = (
    ("--model", "FOLDER", "train's MLflow model folder"),
    ("--evaluation", "FILE", "evaluate's result"),
    ("--model-version", "FILE", "the number, as text"),
    ("--model-uri", "FILE", "models:/NAME/VERSION"),
)


def build_parser() -> Parser:
    """Return the parser of the flags: the inputs and outputs of component.yaml."""
    parser = Parser(
        prog="register",
        description="Register a model that passed its evaluation in MLflow, as exactly one "
        "version, however often the call is repeated.",
    )
    for flag, metavar, text in _PATHS:
        parser.add_argument(flag, type=path, required=True, metavar=metavar, help=text)
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
        help="the alias to move to the version, unless a newer version has it; empty for none "
        "(default: %(default)s)",
    )
    add(
        "--why",
        default="",
        metavar="REASON",
        help="why the model was trained, as decide found out, a tag of the version (default: none)",
    )
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="store that has the model's run (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code."""
    return run("register", _register, argv)


def _register(argv: Sequence[str]) -> None:
    given = build_parser().parse(argv)
    name = given.registered_model_name or DEFAULT_NAME
    check_model_name(name)
    if given.alias:
        check_alias(given.alias)
    model = read_model_folder(given.model)
    result = read_evaluation(given.evaluation)
    require_passed(given.evaluation, result, model)
    uri = resolve_uri(given.mlflow_tracking_uri, os.environ)
    files = {"--model-version": given.model_version, "--model-uri": given.model_uri}
    with staged(files) as outputs:
        done = registered(uri, name, given.alias, model, result, given.why)
        if done is None:
            with open_store(uri, model) as (client, run_tags):
                tags = version_tags(model, run_tags, os.environ, given.why)
                done = register_model(client, name, given.alias, model, tags, result)
        write_text(outputs["--model-version"], str(done.version))
        write_text(outputs["--model-uri"], done.uri)
    print(done)


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still run."""
    warm_up("mlflow.store.tracking.sqlalchemy_store")


if __name__ == "__main__":
    sys.exit(main())
