"""Writes what a component is made of, as CycloneDX: `python -m pipelines.sbom COMPONENT`.

It says what its requirements.lock says: every package with its version, the hashes of the files
that may be installed as it, and who needs it. Equal locks give equal bytes: no time is in it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.components.component import choose, discover
from pipelines.components.sbom import sbom
from pipelines.console.command import run_command
from pipelines.system.workspace import Workspace, whole


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.sbom", description=__doc__)
    parser.add_argument("component", metavar="COMPONENT", help="one of the working tree")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write it (default: the terminal)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    (component,) = choose([args.component], discover(Workspace().components))
    document = sbom(component, component.version)
    if args.output is None:
        sys.stdout.write(document.decode())
        return 0
    with whole(args.output) as partial:
        partial.write_bytes(document)
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pipelines.sbom", main))
