"""Write the SBOM of a component as CycloneDX: `python -m pipelines.sbom COMPONENT`.

It lists what requirements.lock contains: every package with its version, the hashes of the files
that may be installed for it, and the packages that need it. It has no timestamp, so equal locks
give equal bytes.
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
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.sbom", description=__doc__)
    parser.add_argument("component", metavar="COMPONENT", help="component in the working tree")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: stdout)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
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
    raise SystemExit(run_command("pipelines.sbom", main))
