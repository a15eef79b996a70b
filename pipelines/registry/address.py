"""Find the registry to use: that of the command line, or that of Pants' settings."""

import argparse
import ast
import os
import tomllib
from typing import Any

from pipelines.components.image import is_registry
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace

_SETTING = "PANTS_DOCKER_REGISTRIES"


def add_registry_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag of commands that use a registry."""
    parser.add_argument(
        "--registry",
        type=address,
        metavar="ADDRESS",
        help="registry, such as host:5000 or ghcr.io/owner"
        f" (default: {_SETTING}, else [docker.registries] in pants.toml)",
    )


def address(text: str) -> str:
    """Return a registry's address; raise `UsageError` for a URL or any other text."""
    if not is_registry(text):
        raise UsageError(
            f"{text!r} is not the address of a registry; give a host with a dot or a port, and a"
            " path if it has one, without https://"
        )
    return text


def pants_registry(workspace: Workspace) -> str:
    """Return the registry that Pants publishes to, from its environment variable or its file.

    Raise `PinionError` if none is set, or none of several is the default.
    """
    setting = os.environ.get(_SETTING)
    registries: Any = setting or _of_file(workspace)
    try:
        registries = ast.literal_eval(setting) if setting else registries
        named = [str(each["address"]) for each in registries.values() if each.get("default")]
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{_SETTING if setting else '[docker.registries] in pants.toml'} is {registries!r};"
            " Pants expects {'NAME': {'address': 'host:5000', 'default': True}}"
        ) from error
    if not named:
        raise PinionError(
            "no registry is set; give --registry ADDRESS, or add one with default = true under"
            " [docker.registries] in pants.toml"
        )
    return address(named[0])


def pants_settings(registry: str) -> dict[str, str]:
    """Return the settings that make Pants publish to this registry only."""
    return {_SETTING: repr({"pinion": {"address": registry, "default": True}})}


def _of_file(workspace: Workspace) -> Any:
    path = workspace.root / "pants.toml"
    try:
        return tomllib.loads(path.read_text()).get("docker", {}).get("registries", {})
    except tomllib.TOMLDecodeError as error:
        raise PinionError(f"{path}: not TOML: {error}") from error
