"""Parse a component's interface, its component.yaml, and find what a change of it breaks."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pipelines.components.image import ImageReference
from pipelines.system import yaml_text
from pipelines.system.errors import PinionError

_OPTIONAL = " (optional)"


@dataclass(frozen=True)
class Signature:
    """The types of inputs and outputs, by name; an optional input's type ends in `(optional)`."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    def required(self) -> list[str]:
        """Return the inputs that every caller must give."""
        return [name for name, kind in self.inputs.items() if not kind.endswith(_OPTIONAL)]

    def breaks(self, older: "Signature") -> Iterator[str]:
        """Yield each change that breaks a pipeline which was written for the older signature."""
        yield from _lost("input", older.inputs, self.inputs)
        for name in self.required():
            if name not in older.inputs:
                yield f"input {name!r} is new and required"
            elif name not in older.required():
                yield f"input {name!r} was optional and is now required"
        yield from _lost("output", older.outputs, self.outputs)


def _lost(label: str, older: Mapping[str, str], newer: Mapping[str, str]) -> Iterator[str]:
    for name, kind in older.items():
        was, now = (each.removesuffix(_OPTIONAL) for each in (kind, newer.get(name, "")))
        if name not in newer:
            yield f"{label} {name!r} was removed"
        elif was != now:
            yield f"{label} {name!r} was {was} and is now {now}"


@dataclass(frozen=True)
class Interface:
    """A parsed component.yaml."""

    document: Mapping[str, Any]
    repository: str
    signature: Signature

    @classmethod
    def parse(cls, text: str) -> "Interface":
        """Parse a component.yaml; raise `ValueError`, in one line, if it is not an interface."""
        try:
            document = yaml_text.document(text)
            image = str(document["implementation"]["container"]["image"])
            inputs = {
                str(each["name"]): str(each["type"])
                + (_OPTIONAL if each.get("optional") or "default" in each else "")
                for each in document.get("inputs", [])
            }
            outputs = {str(each["name"]): str(each["type"]) for each in document.get("outputs", [])}
            repository = ImageReference.parse(image).repository
        except yaml.YAMLError as error:
            raise ValueError(f"not YAML: {error}") from error
        except PinionError as error:
            raise ValueError(str(error)) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                "needs implementation: container: image, and a name and a type for every input"
                " and output"
            ) from error
        return cls(document, repository, Signature(inputs, outputs))

    def pinned(self, image: str, environment: Mapping[str, str]) -> str:
        """Return the interface as YAML, with the exact image and constant environment variables.

        KFP drops metadata when it compiles; only the container reaches the compiled file.
        """
        document = copy.deepcopy(dict(self.document))
        container = document["implementation"]["container"]
        container["image"] = image
        container["env"] = {**container.get("env", {}), **environment}
        return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
