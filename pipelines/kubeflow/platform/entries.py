"""Read YAML so that each value knows its line, for errors that name the place."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml
from yaml.reader import ReaderError

from pipelines.system.errors import UsageError

_KINDS = {
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "timestamp": "a date",
    "map": "a mapping",
    "seq": "a list",
}
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")


def suggestion(word: str, known: Collection[str]) -> str:
    """Return the part of a message that names the closest known word, and all of them."""
    close = get_close_matches(word.lower(), known, 1)
    return f"{f'did you mean {close[0]!r}? ' if close else ''}known: {', '.join(known)}"


@dataclass(frozen=True)
class Entry:
    """A value or a key in a file; `name` is the path to it, such as `steps.train.gpu`."""

    file: Path
    name: str
    node: yaml.Node
    # The line of its key, if it has one: a mapping's own mark is that of its first entry.
    line: int

    @classmethod
    def at(cls, file: Path, name: str, node: yaml.Node) -> "Entry":
        """Return the entry of a key, or of a value without a key."""
        return cls(file, name, node, node.start_mark.line + 1)

    @property
    def where(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}"

    @property
    def kind(self) -> str:
        """The type that YAML gives the value: `str`, `int`, `null`, `map`, …"""
        return str(self.node.tag).rpartition(":")[2]

    @property
    def given(self) -> str:
        """The value as messages show it."""
        if isinstance(self.node, yaml.ScalarNode) and self.kind != "null":
            text = str(self.node.value)
            return repr(text if len(text) <= 60 else f"{text[:60]}…")
        return _KINDS.get(self.kind, self.kind)

    def unlike(self, expected: str) -> UsageError:
        """Return the error for a value that is not as expected."""
        if self.kind == "null":
            return self.error(f"has no value; it must be {expected}")
        return self.error(f"must be {expected}, not {self.given}")

    def error(self, reason: str) -> UsageError:
        """Return the error for this entry, in one line."""
        return UsageError(f"{self.where}: {f'{self.name}: ' if self.name else ''}{reason}")

    def entries(self, meaning: str) -> dict[str, "Entry"]:
        """Return the values of a mapping; raise `UsageError` for other types and duplicate keys."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.unlike(f"a mapping of {meaning}")
        found: dict[str, Entry] = {}
        for key, value in self.node.value:
            named = Entry.at(self.file, self.name, key)
            if named.kind == "merge":
                raise named.error("'<<' is not supported; put what steps share under defaults")
            if not isinstance(key, yaml.ScalarNode) or named.kind != "str":
                raise named.error(f"a key must be a string, not {named.given}; quote it")
            if key.value in found:
                raise named.error(f"{key.value!r} is given twice; keep one")
            path = f"{self.name}.{key.value}" if self.name else key.value
            found[key.value] = Entry(self.file, path, value, named.line)
        return found

    def known(self, names: Mapping[str, object] | Collection[str]) -> dict[str, "Entry"]:
        """Return the values of a mapping; raise `UsageError` for a key that is not in `names`."""
        found = self.entries(", ".join(names))
        for name, entry in found.items():
            if name not in names:
                raise Entry(self.file, self.name, entry.node, entry.line).error(
                    f"unknown setting {name!r}; {suggestion(name, list(names))}"
                )
        return found

    def items(self, meaning: str) -> list["Entry"]:
        """Return the values of a list; raise `UsageError` for another type."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.unlike(f"a list of {meaning}")
        return [Entry.at(self.file, self.name, node) for node in self.node.value]

    def scalar(self, expected: str) -> str:
        """Return a string or number as it was written."""
        if not isinstance(self.node, yaml.ScalarNode) or self.kind not in ("str", "int", "float"):
            raise self.unlike(expected)
        return str(self.node.value)

    def text(self, expected: str) -> str:
        """Return a string; refuse a number or boolean that is not quoted."""
        written = self.kind in ("bool", "int", "float", "timestamp")
        if isinstance(self.node, yaml.ScalarNode) and written:
            raise self.error(f'must be {expected}, as a string; quote it: "{self.node.value}"')
        return self.scalar(expected)

    def whole(self, least: int, most: int = 2**31 - 1) -> int:
        """Return a whole number within the bounds; the upper bound is Kubernetes' by default."""
        written = str(self.node.value) if self.kind == "int" else ""
        if _WHOLE.fullmatch(written) and least <= int(written) <= most:
            return int(written)
        raise self.unlike(f"a whole number from {least} to {most}")

    def flag(self) -> bool:
        """Return true or false."""
        words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        word = str(self.node.value).lower() if self.kind == "bool" else ""
        if word not in words:
            raise self.unlike("true or false")
        return words[word]


def read(file: Path, flag: str) -> Entry:
    """Return the single document of a file; raise `UsageError` if it cannot be read."""
    try:
        # libyaml's loader is faster, but deep nesting can overflow its stack; the file is small.
        node = yaml.compose(text := file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{flag} {file}: cannot be read: {error}") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UsageError(
            f"{file}:{line}: not valid YAML: character {error.character:#04x}"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else f"{file}"
        raise UsageError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except RecursionError:
        raise UsageError(f"{file}: the YAML is nested too deeply") from None
    if node is None:
        raise UsageError(f"{file}: the file is empty; add settings to it, or omit {flag}")
    return Entry.at(file, "", node)
