"""Symbols for BUILD files, so that names, versions and the list of components have one source.

`project()` returns the `[project]` table of the pyproject.toml beside the BUILD file,
`interface_hash()` the hash of its component.yaml, `component_folders()` the folders under
components/ that have a project, and `base_image(given)` the given image, or the pinned one.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import toml
from pants.base.build_environment import get_buildroot
from pants.base.parse_context import ParseContext
from pants.build_graph.build_file_aliases import BuildFileAliases


def _project(context: ParseContext) -> Callable[[], dict[str, Any]]:
    def project() -> dict[str, Any]:
        path = Path(get_buildroot(), context.rel_path, "pyproject.toml")
        try:
            table: dict[str, Any] = toml.load(path)["project"]
        except (OSError, KeyError, toml.TomlDecodeError) as error:
            raise ValueError(f"{path} needs a [project] table: {error!r}") from error
        return table

    return project


def _component_folders(_context: ParseContext) -> Callable[[], list[str]]:
    def component_folders() -> list[str]:
        root = Path(get_buildroot())
        return sorted(
            f"components/{path.parent.name}" for path in root.glob("components/*/pyproject.toml")
        )

    return component_folders


def _interface_hash(context: ParseContext) -> Callable[[], str]:
    def interface_hash() -> str:
        path = Path(get_buildroot(), context.rel_path, "component.yaml")
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ValueError(
                f"{path}, the component's interface, cannot be read: {error}"
            ) from error

    return interface_hash


def _base_image(_context: ParseContext) -> Callable[[str], str]:
    def base_image(given: str) -> str:
        pinned = Path(get_buildroot(), "build-support", "base-image.txt")
        name = given or pinned.read_text().strip()
        # Pants requires a tag; the colon before a registry's port is not one.
        return name if re.search(r"@|:[^/]*$", name) else f"{name}:latest"

    return base_image


def build_file_aliases() -> BuildFileAliases:
    """Register the symbols with Pants."""
    return BuildFileAliases(
        context_aware_object_factories={
            "base_image": _base_image,
            "project": _project,
            "component_folders": _component_folders,
            "interface_hash": _interface_hash,
        }
    )
