"""The text of a table, read no further than its quotes close where they should."""

import io
from codecs import getincrementaldecoder
from collections.abc import Callable

import pyarrow as pa

from pinion_step.errors import StepError
from pull_data.formats.csv.dialect import Dialect
from pull_data.formats.csv.quoting import Quoting
from pull_data.formats.text_stream import BUFFER_BYTES

# What is copied stays in the cache of a processor.
_BLOCK_BYTES = 1 << 18


class CheckedQuotes(io.RawIOBase):
    """The rows of a text, passed on once the quotes of their lines are known to be sound.

    `stream` stands at the first row. `opened` opens the text again, to find the line of a fault.
    """

    def __init__(
        self,
        stream: io.BufferedReader,
        dialect: Dialect,
        opened: Callable[[], io.BufferedReader],
        name: str,
    ) -> None:
        self._stream, self._opened, self._name = stream, opened, name
        self._quoting = Quoting(dialect.delimiter, dialect.quote, dialect.spaced)
        self._quote = dialect.quote.encode()
        self._tail = b""
        self._is_open = False
        # The bytes that were checked, and those up to the last place known to be between fields.
        self._checked = self._between = dialect.size

    def readable(self) -> bool:
        """Return true; this is what makes a raw stream one that can be buffered."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is all we get
        """Give the next bytes, of which the lines that are whole were checked."""
        size = self._stream.readinto(buffer[:_BLOCK_BYTES])
        if self._quote:
            chunk = bytes(buffer[:size])
            end = (chunk.rfind(b"\n") + 1 or chunk.rfind(b"\r") + 1) if size else 0
            if end or not size:
                self._check([self._tail, chunk[:end]], last=not size)
                self._tail = b""
            self._tail += chunk[end:]
        return size

    def close(self) -> None:
        """Close the stream below too."""
        self._stream.close()
        super().close()

    def refuse_open(self) -> None:
        """Raise `StepError` if a quote is open where the text was read to."""
        if self._is_open:
            self._refuse()

    def _check(self, parts: list[bytes], last: bool) -> None:
        if not self._is_open:
            self._between = self._checked
        self._checked += sum(map(len, parts))
        quoted = any(self._quote in part for part in parts)
        if not quoted and not (last and self._is_open):
            return
        start = [self._quote] if self._is_open else []
        if self._is_sound([*start, *parts, b"\n" * last]):
            self._is_open = False
        elif not last and self._is_sound([*start, *parts, self._quote, b"\n"]):
            self._is_open = True
        else:
            self._refuse()

    def _is_sound(self, parts: list[bytes]) -> bool:
        # Not above: most files have no quotes. Python's own would take as long as all the rest.
        import pyarrow.compute as pc

        pattern = f"^{self._quoting.fields}$"
        text = pa.array([b"".join(parts)], pa.binary())
        return bool(pc.match_substring_regex(text, pattern)[0].as_py())

    def _refuse(self) -> None:
        with self._opened() as stream:
            before = _count_lines(stream, self._between)
            text = stream.read(self._checked - self._between)
        fault = self._quoting.fault(text.decode(errors="replace"), before)
        raise StepError(f"{self._name}: {fault}")


def _count_lines(stream: io.BufferedReader, size: int) -> int:
    """Read so many bytes, and return how many lines end in them."""
    decoder = io.IncrementalNewlineDecoder(getincrementaldecoder("latin-1")(), translate=True)
    lines = 0
    while size:
        chunk = stream.read(min(size, BUFFER_BYTES))
        size -= len(chunk)
        lines += decoder.decode(chunk, final=not size).count("\n")
    return lines
