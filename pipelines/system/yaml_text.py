"""Read YAML with one loader: plain values only, and fast if libyaml is available."""

from typing import Any

import yaml

# libyaml is several times as fast, but not every build of PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def document(text: str) -> Any:
    """Return the only document of a text; raise `yaml.YAMLError` if it is not valid."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def documents(text: str) -> list[Any]:
    """Return all documents of a text; raise `yaml.YAMLError` if one is not valid."""
    return list(yaml.load_all(text, Loader=_LOADER))
