"""Load the platform file: a cluster's settings for the steps, in YAML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field, ValidationError

from pipelines.kubeflow.platform.parts import Part
from pipelines.kubeflow.platform.settings import Settings
from pipelines.kubeflow.platform.values import ObjectName, UnlikeError
from pipelines.system.errors import UsageError

_FLAG = "--platform"
# Words without quotes that are not text; whole numbers are the only others.
_WORDS = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
    **dict.fromkeys(("", "~", "null"), None),
}
# What pydantic says in words of Python, in those of YAML; _SHOULD begins what it says of a value.
_SHOULD = "Input should be "
_SAID = {
    f"{_SHOULD}a valid dictionary": f"{_SHOULD}a mapping",
    f"{_SHOULD}a valid tuple": f"{_SHOULD}a list",
    f"{_SHOULD}a valid boolean": f"{_SHOULD}true or false",
    f"{_SHOULD}a valid integer": f"{_SHOULD}a whole number",
    "Field required": "must be given",
}


def _by_step(steps: dict[str, Settings]) -> dict[str, Settings]:
    found = {step_name(name): settings for name, settings in steps.items()}
    if len(found) < len(steps):
        raise ValueError(f"a step is given twice, with '-' and '_': {', '.join(steps)}; keep one")
    return found


class _File(Part):
    """A file as it is written."""

    service_account: ObjectName = ""
    defaults: Settings = Settings()
    steps: Annotated[dict[str, Settings], AfterValidator(_by_step)] = Field(default={})


@dataclass(frozen=True)
class PlatformSettings:
    """The settings of one file: for the run, for all steps and for single steps.

    The settings in `steps` already include the defaults.
    """

    path: Path
    service_account: str = ""
    defaults: Settings = field(default_factory=Settings)
    steps: Mapping[str, Settings] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "PlatformSettings":
        """Read a file; raise `UsageError` that names the setting and what is allowed there."""
        try:
            file = _File.model_validate(_read(path))
        except ValidationError as error:
            raise _refusal(path, error.errors()[0]) from None
        steps = {name: own.over(file.defaults) for name, own in file.steps.items()}
        return cls(path, file.service_account, file.defaults, steps)

    def of(self, task: str) -> Settings:
        """Return the settings of a task of the compiled file."""
        return self.steps.get(step_name(task), self.defaults)


def step_name(task: str) -> str:
    """Return a step's name in the compiled file: `pull-data` for the component `pull_data`."""
    return task.replace("_", "-")


def _read(file: Path) -> Any:
    """Return the values of a file; raise `UsageError` if it cannot be read."""
    try:
        # libyaml's loader is faster, but deep nesting can overflow its stack; the file is small.
        node = yaml.compose(file.read_text(encoding="utf-8"), yaml.BaseLoader)
        if node is None:
            raise UsageError(f"{file}: the file is empty; add settings to it, or omit {_FLAG}")
        return _values(file, node)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{_FLAG} {file}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else f"{file}"
        problem = getattr(error, "problem", None) or str(error).replace("\n", "")
        raise UsageError(f"{where}: not valid YAML: {problem}") from None
    except RecursionError:
        raise UsageError(f"{file}: the YAML is nested too deeply") from None


def _values(file: Path, node: yaml.Node) -> Any:
    """Return a value as it is written: only `_WORDS` and whole numbers are not text."""
    if isinstance(node, yaml.SequenceNode):
        return tuple(_values(file, each) for each in node.value)
    if isinstance(node, yaml.MappingNode):
        return _mapping(file, node)
    word = str(node.value)
    if node.style is None and re.fullmatch("0|[1-9][0-9]{0,17}", word):
        return int(word)
    return _WORDS.get(word.lower(), word) if node.style is None else word


def _mapping(file: Path, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name, where = str(key.value), f"{file}:{key.start_mark.line + 1}"
        if name in found:
            raise UsageError(f"{where}: {name!r} is given twice; keep one")
        found[name] = _values(file, value)
        if found[name] is None:
            raise UsageError(f"{where}: {name!r} has no value; give one, or remove it")
    return found


def _refusal(file: Path, error: Any) -> UsageError:
    """Return pydantic's error in one line: where, what must be there, and what is."""
    place = error["loc"]
    reason = error.get("ctx", {}).get("error", error["msg"])
    message = _SAID.get(str(reason), str(reason))
    if isinstance(reason, UnlikeError) or message.startswith(_SHOULD):
        message = f"must be {message.removeprefix(_SHOULD)}"
        # A value may be the secret itself instead of the key that holds it.
        if not {"secrets", "config_maps"} & set(place):
            message += f", not {_shown(error['input'])}"
    path = ".".join(str(part) for part in place if part != "[key]")
    return UsageError(f"{file}: {path}{': ' * bool(path)}{message}")


def _shown(value: object) -> str:
    if isinstance(value, dict | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
