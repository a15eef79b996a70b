"""YAML that is read here, by one loader: plain values only, and fast where libyaml is there."""

from typing import Any

import yaml

# libyaml is several times as fast, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def document(text: str) -> Any:
    """The one document of a text; raises `yaml.YAMLError`."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def documents(text: str) -> list[Any]:
    """All documents of a text; raises `yaml.YAMLError`."""
    return list(yaml.load_all(text, Loader=_LOADER))
