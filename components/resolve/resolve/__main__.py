"""The command line of resolve."""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from functools import partial

from pinion_step.champion import (
    ALWAYS,
    POLICIES,
    asks_for_champion,
    model_version,
    policy,
)
from pinion_step.cli import Parser, json_object, path, run
from pinion_step.console import log
from pinion_step.mlflow import resolve_uri
from pinion_step.names import check_alias, check_model_name
from pinion_step.outputs import staged, write_text
from pinion_step.sources.source import DEFAULT_SOURCE, parse_source
from resolve.age import max_age
from resolve.champion import Champion, find_champion
from resolve.refusals import find_refusals
from resolve.source_version import source_version

STEP = "resolve"
DEFAULT_ALIAS = "champion"
DEFAULT_EXPERIMENT = "pinion"
# What stands for "compare with nothing" in a recorded call, as an empty text asks to look.
NOTHING = "none"

_OUTPUTS = (
    ("--source-version", "which bytes the source holds now"),
    ("--champion", "NAME/VERSION@MODEL_ID of the champion, or nothing"),
    ("--compare-with-output", "the model version that evaluate compares with, or nothing"),
    ("--expired", "whether the champion is older than --max-age, true or false"),
    ("--refused", "the candidates that did not pass their evaluation, as a JSON list"),
)


def build_parser() -> Parser:
    """Return the parser of the flags: the inputs and outputs of component.yaml."""
    parser = Parser(
        prog=STEP,
        description="Find out what may have changed outside, such as the version of the source and "
        "the champion.",
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
        help="as for evaluate; if one of them is a change, the champion is looked up",
    )
    add(
        "--compare-with",
        type=_handed_on,
        default="",
        metavar="NAME/VERSION",
        help="a model version to hand on instead of the champion, or none (default: find out)",
    )
    _add_retraining(parser)
    add(
        "--mlflow-tracking-uri",
        default="",
        metavar="URI",
        help="store of the registry (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    for flag, text in _OUTPUTS:
        add(flag, type=path, required=True, metavar="FILE", help=f"output: {text}")
    return parser


def _add_retraining(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--retrain",
        type=policy,
        default=ALWAYS,
        metavar="POLICY",
        help=f"when to train: {', '.join(POLICIES)}; for the last two, the champion and the refused"
        " candidates are looked up (default: %(default)s)",
    )
    add(
        "--max-age",
        type=max_age,
        default="",
        metavar="AGE",
        help="how old the champion may become, such as 30d, 12h or 90m (default: any age)",
    )
    add(
        "--experiment",
        type=_experiment,
        default=DEFAULT_EXPERIMENT,
        metavar="NAME",
        help="MLflow experiment of train, which has the candidates (default: %(default)s)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code."""
    return run(STEP, _resolve, argv)


def _resolve(argv: Sequence[str]) -> None:
    given = build_parser().parse(argv)
    files = {flag: getattr(given, flag[2:].replace("-", "_")) for flag, _ in _OUTPUTS}
    source = parse_source(given.source)
    registry = _registry(given)
    with staged(files) as outputs:
        texts = {
            **_of_registry(given, *registry),
            # The hash says which bytes are meant, whatever the source calls its version.
            "--source-version": "" if given.sha256 else source_version(source, partial(log, STEP)),
        }
        for flag, text in texts.items():
            write_text(outputs[flag], text)
    for flag, _ in _OUTPUTS:
        print(f"{flag.removeprefix('--').removesuffix('-output')}: {texts[flag] or 'none'}")


def _of_registry(given: Namespace, name: str, alias: str, uri: str) -> dict[str, str]:
    """Return the outputs that depend on the registry."""
    champion = find_champion(uri, name, alias) if name else None
    version = str(champion.version) if champion else ""
    compare_with = given.compare_with or (version if asks_for_champion(given.thresholds) else "")
    return {
        "--champion": version,
        "--compare-with-output": "" if compare_with == NOTHING else compare_with,
        "--expired": "true" if _expired(given, champion) else "false",
        "--refused": "[]" if given.retrain == ALWAYS else _refused(given, uri),
    }


def _refused(given: Namespace, uri: str) -> str:
    # As for train, the default gives way to the experiment of KFP's MLflow plugin.
    is_default = given.experiment == DEFAULT_EXPERIMENT
    task_run = os.environ.get("MLFLOW_RUN_ID", "").strip() if is_default else ""
    return find_refusals(uri, given.experiment, task_run)


def _registry(given: Namespace) -> tuple[str, str, str]:
    """Return the model's name, its alias and the registry's address, all empty if none is asked.

    Raises `WrongCallError` if the champion cannot be found by what was given.
    """
    if not _needs_champion(given):
        return "", "", ""
    name, alias = given.registered_model_name, given.alias or DEFAULT_ALIAS
    if name:
        check_model_name(name)
        check_alias(alias)
    return name, alias, resolve_uri(given.mlflow_tracking_uri, os.environ)


def _needs_champion(given: Namespace) -> bool:
    compares = not given.compare_with and asks_for_champion(given.thresholds)
    return compares or given.retrain != ALWAYS


def _expired(given: Namespace, champion: Champion | None) -> bool:
    if champion is None or given.max_age is None or given.retrain == ALWAYS:
        return False
    return time.time() - champion.registered > given.max_age


def _experiment(text: str) -> str:
    return text.strip() or DEFAULT_EXPERIMENT


def _handed_on(text: str) -> str:
    if text != NOTHING:
        model_version(text)
    return text


if __name__ == "__main__":
    sys.exit(main())
