"""YAML whose every value knows its line, so that what is wrong with it can be said where it is."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from pipelines.errors import UsageError

_KINDS = {
    "null": "nothing",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "timestamp": "a date",
    "map": "a mapping",
    "seq": "a list",
}
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")


def suggestion(word: str, known: Collection[str]) -> str:
    """The one of the known words that was meant, as a part of a message, and all of them."""
    close = get_close_matches(word.lower(), known, 1)
    return f"{f'did you mean {close[0]!r}? ' if close else ''}known: {', '.join(known)}"


@dataclass(frozen=True)
class Entry:
    """One value of a file, or a key; `name` is the way to it, such as `steps.train.gpu`."""

    file: Path
    name: str
    node: yaml.Node
    # That of its key, where it has one: a mapping begins with its first value.
    line: int

    @classmethod
    def at(cls, file: Path, name: str, node: yaml.Node) -> "Entry":
        """A value without a key, or a key."""
        return cls(file, name, node, node.start_mark.line + 1)

    @property
    def where(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}"

    @property
    def kind(self) -> str:
        """What YAML makes of the value: `str`, `int`, `null`, `map`, …"""
        return str(self.node.tag).rpartition(":")[2]

    @property
    def given(self) -> str:
        """The value as a message shows it."""
        kind = _KINDS.get(self.kind, self.kind)
        plain = isinstance(self.node, yaml.ScalarNode) and self.node.value
        return f"{self.node.value!r}" if plain else kind

    def error(self, reason: str) -> UsageError:
        """The failure to raise, in one line."""
        return UsageError(f"{self.where}: {f'{self.name}: ' if self.name else ''}{reason}")

    def entries(self, meaning: str) -> dict[str, "Entry"]:
        """The values of a mapping; raises `UsageError` for anything else, and for a key twice."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(f"must be a mapping of {meaning}, not {self.given}")
        found: dict[str, Entry] = {}
        for key, value in self.node.value:
            named = Entry.at(self.file, self.name, key)
            if named.kind == "merge":
                raise named.error("'<<' has no meaning here; put what steps share under defaults")
            if not isinstance(key, yaml.ScalarNode) or named.kind != "str":
                raise named.error(f"a key must be a text, not {named.given}; quote it")
            if key.value in found:
                raise named.error(f"{key.value!r} stands here twice; keep one")
            path = f"{self.name}.{key.value}" if self.name else key.value
            found[key.value] = Entry(self.file, path, value, named.line)
        return found

    def known(self, names: Mapping[str, object] | Collection[str]) -> dict[str, "Entry"]:
        """The values of a mapping that has no other keys than these."""
        found = self.entries(", ".join(names))
        for name, entry in found.items():
            if name not in names:
                raise Entry(self.file, self.name, entry.node, entry.line).error(
                    f"unknown setting {name!r}; {suggestion(name, list(names))}"
                )
        return found

    def items(self, meaning: str) -> list["Entry"]:
        """The values of a list; raises `UsageError` for anything else."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error(f"must be a list of {meaning}, not {self.given}")
        return [Entry.at(self.file, self.name, node) for node in self.node.value]

    def scalar(self, expected: str) -> str:
        """A text or a number, as it was written."""
        if not isinstance(self.node, yaml.ScalarNode) or self.kind not in ("str", "int", "float"):
            raise self.error(f"must be {expected}, not {self.given}")
        return str(self.node.value)

    def text(self, expected: str) -> str:
        """A text; a number or a boolean must be quoted."""
        written = self.kind in ("bool", "int", "float", "timestamp")
        if isinstance(self.node, yaml.ScalarNode) and written:
            raise self.error(f'must be {expected}, and is no text; quote it: "{self.node.value}"')
        return self.scalar(expected)

    def whole(self, least: int, most: int = 2**31 - 1) -> int:
        """A whole number; its greatest is that of Kubernetes."""
        written = str(self.node.value) if self.kind == "int" else ""
        if _WHOLE.fullmatch(written) and least <= int(written) <= most:
            return int(written)
        raise self.error(f"must be a whole number from {least} to {most}, not {self.given}")

    def flag(self) -> bool:
        """True or false."""
        if self.kind != "bool":
            raise self.error(f"must be true or false, not {self.given}")
        return str(self.node.value).lower() in ("true", "yes", "on")


def read(file: Path, flag: str) -> Entry:
    """The one document of a file; raises `UsageError` where it cannot be read."""
    try:
        # Not libyaml's loader: it can be driven out of its stack, and the file is a small one.
        node = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{flag} {file}: cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else f"{file}"
        raise UsageError(f"{where}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{file}: not YAML: {error}") from None
    if node is None:
        raise UsageError(f"{file}: is empty")
    return Entry.at(file, "", node)
