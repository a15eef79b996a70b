"""What a user says about a CSV file, as flags; an empty value means that the step finds out."""

import codecs
import json
from argparse import ArgumentTypeError
from dataclasses import dataclass, fields

WHITE_SPACE = " "
NO_QUOTE = "none"
FIND_OUT = -1
# Python's own, for host names and source code.
_NO_TEXT = ("idna", "punycode", "unicode-escape", "unicode_escape", "raw-unicode-escape")
_SPELLED = {"tab": "\t", "\\t": "\t", "space": WHITE_SPACE, "whitespace": WHITE_SPACE}


@dataclass(frozen=True)
class CsvOptions:
    """How to read a CSV file. The defaults leave each to what the file looks like.

    `delimiter` is one character; a space stands for any white space. `quote` is one character, or
    `none`. `skip_lines` counts the lines above the header, or is -1. `header` says whether there
    is one, or names the columns of a table without one; None finds out.
    """

    delimiter: str = ""
    encoding: str = ""
    quote: str = ""
    skip_lines: int = FIND_OUT
    header: bool | tuple[str, ...] | None = None

    @property
    def given(self) -> dict[str, object]:
        """The parameters that a user gave, by name."""
        values = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return {name: value for name, value, default in values if value != default}

    @property
    def flags(self) -> dict[str, object]:
        """The parameters that a user gave, by name, as a pipeline takes them."""
        return {
            name: json.dumps(value, ensure_ascii=False) if name == "header" else value
            for name, value in self.given.items()
        }

    @property
    def quote_character(self) -> str:
        """The character that quotes a field, or nothing."""
        return "" if self.quote == NO_QUOTE else self.quote or '"'


DEFAULTS = CsvOptions()


def delimiter(text: str) -> str:
    r"""Parse one character, `tab`, `\t` or `space`; a `type` of argparse."""
    character = _SPELLED.get(text.strip().lower(), text)
    if len(character) > 1 or character in ("\n", "\r", '"') or not character.isascii():
        raise ArgumentTypeError(
            f"{text!r:.80} is not a delimiter; give one ASCII character, tab or space"
        )
    return character


def encoding(text: str) -> str:
    """Parse the name of an encoding that Python knows; a `type` of argparse."""
    name = text.strip()
    try:
        if name:
            codecs.decode(b"", name)
            # Codecs such as base64 and rot13 are not text encodings.
            "".encode(name)
            if codecs.lookup(name).name in _NO_TEXT:
                raise LookupError
    except (LookupError, ValueError, TypeError):
        raise ArgumentTypeError(
            f"{text!r:.80} is not an encoding; give one such as utf-8, cp1252 or utf-16"
        ) from None
    return name


def quote(text: str) -> str:
    """Parse one character, or `none`; a `type` of argparse."""
    if text.lower() == NO_QUOTE:
        return NO_QUOTE
    if len(text) > 1 or text.isspace() or not text.isascii():
        raise ArgumentTypeError(f"{text!r:.80} is not a quote; give one ASCII character, or none")
    return text


def header(text: str) -> bool | tuple[str, ...] | None:
    """Parse `true`, `false`, or a JSON list of names; a `type` of argparse."""
    try:
        value = json.loads(text.strip().lower() if text.strip()[:1] != "[" else text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return tuple(value)
    if isinstance(value, bool) or not text.strip():
        return value if isinstance(value, bool) else None
    raise ArgumentTypeError(
        f'{text!r:.80} is not a header; give true, false, or names such as ["age", "city"]'
    )
