"""What a step tells KFP about its outputs, which KFP's pages show without further configuration.

A program in a container passes metadata to KFP in one file. The executor input, KFP's message to
the program, says where that file belongs; only the placeholder for the whole message brings it.
"""

import json
from argparse import ArgumentTypeError
from collections.abc import Mapping
from pathlib import Path

from pinion_step.cli import Parser
from pinion_step.outputs import to_json


def add_executor_input(parser: Parser) -> None:
    """Add the flag of KFP's message; its value is the path as `executor_output`, or None."""
    parser.add_argument(
        "--executor-input",
        dest="executor_output",
        type=executor_output,
        metavar="JSON",
        help="KFP's message to the step, which names the file for the metadata that its UI shows "
        "(default: not written)",
    )


def executor_output(text: str) -> Path | None:
    """Return the file in which KFP expects the metadata of the outputs; None for an empty text.

    Serves argparse as a `type`; the text is KFP's message to the program.
    """
    if not text.strip():
        return None
    try:
        return Path(str(json.loads(text)["outputs"]["outputFile"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArgumentTypeError(
            f"{text[:80]!r} is not an executor input of KFP, a JSON object with outputs.outputFile"
        ) from None


def describe(artifacts: Mapping[str, Mapping[str, object]]) -> str:
    """Return the content of the file: the metadata of output artifacts, by the outputs' names.

    KFP calls an artifact by its output's name, unless the metadata have a `display_name`.
    """
    described = {name: {"artifacts": [{"metadata": each}]} for name, each in artifacts.items()}
    return to_json({"artifacts": described})
