"""Check that the version of a component reflects its changes since the last release."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pipelines.components.component import Component
from pipelines.components.content import Content
from pipelines.components.image import version_number
from pipelines.components.interface import Signature
from pipelines.pinning.lock import Lock, Locked


def problems(component: Component, content: Content, released: Sequence[Locked]) -> Iterator[str]:
    """Yield what is wrong with a component's version, each with the next step.

    `released` are its entries in all releases.
    """
    folder = f"components/{component.name}"
    project, changelog = f"{folder}/pyproject.toml", f"{folder}/CHANGELOG.md"
    version = version_number(component.version)
    changes = (component.folder / "CHANGELOG.md").read_text(errors="replace")
    if not re.search(rf"^## \[{re.escape(component.version)}\]", changes, re.MULTILINE):
        yield (
            f"{changelog}: no heading for {component.version}; describe the changes under"
            f" '## [{component.version}] - DATE'"
        )
    last = max(released, key=lambda each: version_number(each.version), default=None)
    if last is None:
        return
    if version < version_number(last.version):
        yield (
            f"{project}: {component.version} is lower than {last.version}, which was released;"
            " raise it"
        )
    elif component.version == last.version and content.hash != last.content:
        yield (
            f"{project}: {component.version} was released with other content ({last.content} then,"
            f" {content.hash} now); raise the version and describe the changes in {changelog}"
        )
    if broken := breaks(last, component.version, content.interface.signature):
        yield f"{project}: {component.version} needs a major version: {broken}"


def breaks(last: Locked, version: str, signature: Signature) -> str:
    """Return how an interface breaks users of a release, if its version does not announce that."""
    new, old = version_number(version), version_number(last.version)
    # Going back to an older version breaks nobody who used it before the newer one.
    if new < old or new.major > old.major:
        return ""
    return "; ".join(signature.breaks(last.signature))


def history(releases: Mapping[str, Lock], name: str) -> list[Locked]:
    """Return a component's entries in all releases."""
    return [lock.components[name] for lock in releases.values() if name in lock.components]
