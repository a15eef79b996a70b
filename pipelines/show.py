"""Says what made a model: `python -m pipelines.show MODEL[@alias|/VERSION]`."""

import argparse
import sys
import textwrap
from collections.abc import Sequence

from pipelines.errors import run_command
from pipelines.lineage import lineage
from pipelines.model_references import ModelReference
from pipelines.model_registry import add_tracking_flag, open_registry
from pipelines.workspace import Workspace

_WIDTH = 120


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.show", description=__doc__)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a registered model: NAME@alias, NAME/VERSION, or NAME for its champion",
    )
    add_tracking_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    reference = ModelReference.parse(args.model)
    with open_registry(args.mlflow_tracking_uri) as registry:
        lines = lineage(registry, registry.version(reference), Workspace())
    width = max(len(label) for label, _ in lines) + 2
    for label, text in lines:
        print(
            textwrap.fill(
                text,
                width=_WIDTH,
                initial_indent=f"{label:<{width}}",
                subsequent_indent=" " * width,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pipelines.show", main))
