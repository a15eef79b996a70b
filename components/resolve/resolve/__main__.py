"""The command line of resolve."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial

from pinion_step.champion import ModelVersion, asks_for_champion, model_version
from pinion_step.cli import Parser, json_object, path, run
from pinion_step.console import log
from pinion_step.mlflow import resolve_uri
from pinion_step.names import check_alias, check_model_name
from pinion_step.outputs import staged, write_text
from pinion_step.sources.source import DEFAULT_SOURCE, parse_source
from resolve.champion import find_champion
from resolve.source_version import source_version

STEP = "resolve"
DEFAULT_ALIAS = "champion"
# What stands for "compare with nothing" in a recorded call, as an empty text asks to look.
NOTHING = "none"

_OUTPUTS = (
    ("--source-version", "which bytes the source holds now"),
    ("--champion", "NAME/VERSION@MODEL_ID of the champion, or nothing"),
    ("--compare-with-output", "the model version that evaluate compares with, or nothing"),
)


def build_parser() -> Parser:
    """Return the parser of the flags: the inputs and outputs of component.yaml."""
    parser = Parser(
        prog=STEP,
        description="Find out what may have changed outside: the version of the source, and the "
        "champion.",
    )
    add = parser.add_argument
    add(
        "--source",
        default=DEFAULT_SOURCE,
        help="the table, as for pull_data (default: %(default)s)",
    )
    add(
        "--sha256",
        default="",
        metavar="HEX",
        help="SHA-256 that the source must have; it says which bytes are read (default: any)",
    )
    add(
        "--registered-model-name",
        default="",
        metavar="NAME",
        help="the model's name in the registry, by which the champion is found",
    )
    add(
        "--alias",
        default=DEFAULT_ALIAS,
        metavar="ALIAS",
        help="the alias of the champion (default: %(default)s)",
    )
    add(
        "--thresholds",
        type=json_object('{"roc_auc": {"min_absolute_change": 0.0}}'),
        default="{}",
        metavar="JSON",
        help="as for evaluate; the champion is looked up if one of them is a change",
    )
    add(
        "--compare-with",
        type=_handed_on,
        default="",
        metavar="NAME/VERSION",
        help="a model version to hand on instead of the champion, or none (default: find out)",
    )
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="store of the registry (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    for flag, text in _OUTPUTS:
        add(flag, type=path, required=True, metavar="FILE", help=f"output: {text}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code."""
    return run(STEP, _resolve, argv)


def _resolve(argv: Sequence[str]) -> None:
    given = build_parser().parse(argv)
    files = {flag: getattr(given, flag[2:].replace("-", "_")) for flag, _ in _OUTPUTS}
    source, ask = parse_source(given.source), _champion_of(given)
    with staged(files) as outputs:
        champion = str(ask() or "")
        compare_with = given.compare_with or champion
        texts = {
            # The hash says which bytes are meant, whatever the source calls its version.
            "--source-version": "" if given.sha256 else source_version(source, partial(log, STEP)),
            "--champion": champion,
            "--compare-with-output": "" if compare_with == NOTHING else compare_with,
        }
        for flag, text in texts.items():
            write_text(outputs[flag], text)
    for flag, text in texts.items():
        print(f"{flag.removeprefix('--').removesuffix('-output')}: {text or 'none'}")


def _champion_of(given: Namespace) -> Callable[[], ModelVersion | None]:
    """Return what asks for the champion; it asks nobody if no threshold needs it.

    Raises `WrongCallError` if the champion cannot be found by what was given.
    """
    if given.compare_with or not asks_for_champion(given.thresholds):
        return lambda: None
    name, alias = given.registered_model_name, given.alias or DEFAULT_ALIAS
    if not name:
        return lambda: None
    check_model_name(name)
    check_alias(alias)
    return partial(find_champion, resolve_uri(given.mlflow_tracking_uri, os.environ), name, alias)


def _handed_on(text: str) -> str:
    if text != NOTHING:
        model_version(text)
    return text


if __name__ == "__main__":
    sys.exit(main())
