"""Make a new component: `python -m pipelines.new NAME`."""

import argparse
from collections.abc import Sequence

from pipelines.components.template import NewComponent
from pipelines.console.command import run_command
from pipelines.system.workspace import Workspace

_NEXT = """\
The component counts the rows and columns of a dataset. Make it yours:
  {step:{width}}  the work
  {flags:{width}}  its flags
  {interface:{width}}  its inputs and outputs, one flag each
  {project:{width}}  its dependencies; run `make lock` after a change
Run its tests:
  make test ARGS="components/{name}"
No pipeline runs it yet; add it to pipelines/training/pipeline.py."""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser."""
    parser = argparse.ArgumentParser(prog="pipelines.new", description=__doc__)
    parser.add_argument(
        "name", metavar="NAME", help="lowercase words joined by underscores, such as count_rows"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    name: str = build_parser().parse_args(argv).name
    workspace = Workspace()
    for path in NewComponent(workspace, name).create():
        print(f"wrote {path.relative_to(workspace.root)}")
    files = {
        "step": f"components/{name}/{name}/step.py",
        "flags": f"components/{name}/{name}/__main__.py",
        "interface": f"components/{name}/component.yaml",
        "project": f"components/{name}/pyproject.toml",
    }
    print(_NEXT.format(name=name, width=max(map(len, files.values())), **files))
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.new", main))
