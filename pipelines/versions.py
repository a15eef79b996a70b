"""Checks that component versions are honest, by content: `python -m pipelines.versions`.

A component that differs from its last release has a higher version and a changelog entry, and a
major one where its interface breaks. Tests and READMEs are no content. The files of releases are
what they were when they were made.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.components import Component, discover
from pipelines.contents import Content
from pipelines.errors import PinionError, run_command
from pipelines.interfaces import Signature
from pipelines.locks import Lock, Locked
from pipelines.releases import changed_since_tag, frozen, tags
from pipelines.version_numbers import version_number
from pipelines.workspace import Workspace


def problems(component: Component, content: Content, released: Sequence[Locked]) -> Iterator[str]:
    """What is dishonest in a component's version, each with what to do; nothing where all is well.

    `released` are its entries in all releases.
    """
    folder = f"components/{component.name}"
    project, changelog = f"{folder}/pyproject.toml", f"{folder}/CHANGELOG.md"
    version = version_number(component.version)
    if component.version not in _headings(component.folder / "CHANGELOG.md"):
        yield (
            f"{changelog}: no heading for {component.version}; say under"
            f" '## [{component.version}] - DATE' what is new"
        )
    last = max(released, key=lambda each: version_number(each.version), default=None)
    if last is None:
        return
    if version < version_number(last.version):
        yield f"{project}: {component.version} is lower than {last.version}, which was released"
    elif component.version == last.version and content.hash != last.content:
        yield (
            f"{project}: {component.version} was released with other content ({last.content} then,"
            f" {content.hash} now); raise it and say in {changelog} what is new"
        )
    if broken := breaks(last, component.version, content.interface.signature):
        yield f"{project}: {component.version} needs a major version: {broken}"


def breaks(last: Locked, version: str, signature: Signature) -> str:
    """How an interface breaks those who use a release, if the version does not say that it does."""
    new, old = version_number(version), version_number(last.version)
    # An older version that is taken again breaks nobody who did without the newer one.
    if new < old or new.major > old.major:
        return ""
    return "; ".join(signature.breaks(last.signature))


def _headings(changelog: Path) -> list[str]:
    return re.findall(r"^## \[([^\]]+)\]", changelog.read_text(errors="replace"), re.MULTILINE)


def history(releases: Mapping[str, Lock], name: str) -> list[Locked]:
    """A component's entries in all releases."""
    return [lock.components[name] for lock in releases.values() if name in lock.components]


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    return argparse.ArgumentParser(prog="pipelines.versions", description=__doc__)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    build_parser().parse_args(argv)
    workspace = Workspace()
    components = discover(workspace.components)
    releases = {tag: frozen(workspace, tag).lock for tag in tags(workspace)}
    found = [
        f"{file} is not what the git tag {tag} holds; restore it (git checkout {tag} -- {file})"
        for tag in releases
        for file in changed_since_tag(workspace, tag)
    ]
    for name, component in components.items():
        released = history(releases, name)
        wrong = list(problems(component, component.content(), released))
        found += wrong
        last = f"last released {released[-1].version}" if released else "not released yet"
        print(f"{name} {component.version}: {last}{', not honest' if wrong else ''}")
    if found:
        for each in found[:-1]:
            print(f"pipelines.versions: error: {each}", file=sys.stderr)
        raise PinionError(found[-1])
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pipelines.versions", main))
