"""Two symbols for BUILD files, so that names, versions and the list of components have one source.

`project()` is the `[project]` table of the pyproject.toml beside the BUILD file, and
`component_folders()` the folders under components/ that have one.
"""

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


def build_file_aliases() -> BuildFileAliases:
    """Registers the symbols with Pants."""
    return BuildFileAliases(
        context_aware_object_factories={
            "project": _project,
            "component_folders": _component_folders,
        }
    )
