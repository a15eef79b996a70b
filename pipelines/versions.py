"""Check component versions against the releases, by content: `python -m pipelines.versions`.

A component that differs from its last release needs a higher version and a changelog entry, and a
new major version if its interface breaks. Tests and READMEs do not count as content. The files of
releases must not have changed since they were made.
"""

import argparse
import sys
from collections.abc import Sequence

from pipelines.components.component import discover
from pipelines.console.command import run_command
from pipelines.pinning.releases import changed_since_tag, frozen, tags
from pipelines.pinning.version_rules import history, problems
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    return argparse.ArgumentParser(prog="pipelines.versions", description=__doc__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    build_parser().parse_args(argv)
    workspace = Workspace()
    components = discover(workspace.components)
    releases = {tag: frozen(workspace, tag).lock for tag in tags(workspace)}
    found = [
        f"{file} differs from that of git tag {tag}; restore it (git checkout {tag} -- {file})"
        for tag in releases
        for file in changed_since_tag(workspace, tag)
    ]
    for name, component in components.items():
        released = history(releases, name)
        wrong = list(problems(component, component.content(), released))
        found += wrong
        last = f"last released {released[-1].version}" if released else "not released yet"
        print(f"{name} {component.version}: {last}{', needs changes' if wrong else ''}")
    if found:
        for each in found[:-1]:
            print(f"pipelines.versions: error: {each}", file=sys.stderr)
        raise PinionError(found[-1])
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.versions", main))
