"""Show what made a model, or what contains a package: `python -m pipelines.show MODEL`."""

import argparse
import textwrap
from collections.abc import Sequence

from pipelines.console.command import add_tracking_flag, run_command
from pipelines.models.inventory import Wanted, containing
from pipelines.models.lineage import lineage
from pipelines.models.registry import ModelReference, open_registry
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace

_WIDTH = 120


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.show", description=__doc__)
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="registered model: NAME@alias, NAME/VERSION, or NAME for its champion",
    )
    parser.add_argument(
        "--containing",
        metavar="PACKAGE",
        help="package, such as numpy, 'numpy<2.1' or numpy==2.4.6, to list the components, releases"
        " and registered models that contain it",
    )
    add_tracking_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    if (args.model is None) == (args.containing is None):
        raise UsageError("give either a MODEL or --containing PACKAGE")
    if args.containing is not None:
        wanted = Wanted.parse(args.containing)
        # Printed as they are found, so that a server that fails hides nothing that needs no server.
        for label, text in containing(wanted, Workspace(), args.mlflow_tracking_uri):
            _print(label, text, len("component  "))
        return 0
    reference = ModelReference.parse(args.model)
    with open_registry(args.mlflow_tracking_uri) as registry:
        lines = lineage(registry, registry.version(reference), Workspace())
    width = max(len(label) for label, _ in lines) + 2
    for label, text in lines:
        _print(label, text, width)
    return 0


def _print(label: str, text: str, width: int) -> None:
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


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.show", main))
