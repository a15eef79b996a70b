"""Which quotes a table may have, and what is said of one that does not close where it should."""

import re
from dataclasses import dataclass
from functools import cached_property

from pull_data.formats.csv.options import WHITE_SPACE
from pull_data.formats.csv.records import count_lines

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Quoting:
    """The grammar of fields: one in quotes ends where they close, with spaces at most behind."""

    delimiter: str
    quote: str
    spaced: bool

    @cached_property
    def fields(self) -> str:
        """The regular expression of fields, each with its delimiter or line end.

        It means the same to Arrow as to Python, and reads a text in one way only.
        """
        skipped = " *" if self.spaced else ""
        between = rf"{re.escape(self.delimiter)}\r\n"
        if self.delimiter == WHITE_SPACE:
            between = r" \t\v\f\r\n"
        plain = f"[^{re.escape(self.quote)}{between}{skipped[:1]}][^{between}]*"
        return f"(?:{skipped}(?:{self._quoted}|{plain})?[{between}])*"

    @property
    def _quoted(self) -> str:
        """The regular expression of a field in quotes, and of the spaces behind it."""
        quote = re.escape(self.quote)
        inside = rf"[^{quote}\r\n]*" if self.delimiter == WHITE_SPACE else f"[^{quote}]*"
        return rf"{quote}{inside}{quote}(?:{quote}{inside}{quote})*[ \t]*"

    def sound(self, text: str) -> str:
        """Return the start of a text, up to the first quote at fault, which may be all of it.

        The text starts with a field.
        """
        found = re.match(self.fields, text + "\n") if self.quote else None
        return text[: found.end()] if found else text

    def fault(self, text: str, before: int) -> str:
        """Say which quote of a text is at fault; `before` counts the lines above the text.

        Returns nothing if none is. The text starts with a field.
        """
        sound = self.sound(text)
        if sound == text:
            return ""
        line = before + count_lines(sound) + 1
        opened = text[len(sound) :].lstrip(" ")
        closed = re.match(self._quoted, opened)
        if not closed or self.delimiter == WHITE_SPACE:
            return (
                f"line {line} opens a quote that is not closed: {_shown(opened)}; close it where"
                " its field ends, or give quote=none if quotes are part of the text"
            )
        return (
            f"line {line} opens a quote that closes before {_shown(opened[closed.end() :])}, which"
            f" is not the delimiter {self.delimiter!r}: {_shown(opened)}; close it where its field"
            " ends, write a quote inside it twice, or give quote=none if quotes are part of the"
            " text"
        )


def _shown(text: str) -> str:
    """Return what a message shows of a text: the start of its first line."""
    return repr(text.splitlines()[0][:_SHOWN_CHARACTERS])
