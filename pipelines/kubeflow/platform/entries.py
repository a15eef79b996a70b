"""YAML whose every value knows its line, so that what is wrong with it can be said where it is."""

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
        if isinstance(self.node, yaml.ScalarNode) and self.kind != "null":
            text = str(self.node.value)
            return repr(text if len(text) <= 60 else f"{text[:60]}…")
        return _KINDS.get(self.kind, self.kind)

    def unlike(self, expected: str) -> UsageError:
        """The failure to raise for a value that is not what it must be."""
        if self.kind == "null":
            return self.error(f"has no value; it must be {expected}")
        return self.error(f"must be {expected}, not {self.given}")

    def error(self, reason: str) -> UsageError:
        """The failure to raise, in one line."""
        return UsageError(f"{self.where}: {f'{self.name}: ' if self.name else ''}{reason}")

    def entries(self, meaning: str) -> dict[str, "Entry"]:
        """The values of a mapping; raises `UsageError` for anything else, and for a key twice."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.unlike(f"a mapping of {meaning}")
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
            raise self.unlike(f"a list of {meaning}")
        return [Entry.at(self.file, self.name, node) for node in self.node.value]

    def scalar(self, expected: str) -> str:
        """A text or a number, as it was written."""
        if not isinstance(self.node, yaml.ScalarNode) or self.kind not in ("str", "int", "float"):
            raise self.unlike(expected)
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
        raise self.unlike(f"a whole number from {least} to {most}")

    def flag(self) -> bool:
        """True or false."""
        words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        word = str(self.node.value).lower() if self.kind == "bool" else ""
        if word not in words:
            raise self.unlike("true or false")
        return words[word]


def read(file: Path, flag: str) -> Entry:
    """The one document of a file; raises `UsageError` where it cannot be read."""
    try:
        # Not libyaml's loader: it can be driven out of its stack, and the file is a small one.
        node = yaml.compose(text := file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{flag} {file}: cannot be read: {error}") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UsageError(f"{file}:{line}: not YAML: character {error.character:#04x}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else f"{file}"
        raise UsageError(f"{where}: not YAML: {error.problem or error.context}") from None
    except RecursionError:
        raise UsageError(f"{file}: is nested too deeply") from None
    if node is None:
        raise UsageError(f"{file}: is empty; write settings into it, or leave {flag} out")
    return Entry.at(file, "", node)
