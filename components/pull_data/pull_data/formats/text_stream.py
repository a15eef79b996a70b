"""A text file as a stream of bytes, unpacked and known to be UTF-8 text."""

import codecs
import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from pinion_step.errors import StepError

BUFFER_BYTES = 1 << 20
HEAD_BYTES = 1 << 13
GZIP_MAGIC = b"\x1f\x8b"


class CheckedText(io.RawIOBase):
    """Bytes of a file, passed on once they are known to be UTF-8 text without NUL."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._lines = 0

    def readable(self) -> bool:
        """Return true; this is what makes a raw stream one that can be buffered."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is all we get
        """Fill the buffer as far as the file goes, so that a look ahead sees a whole one."""
        filled = 0
        while filled < len(buffer):
            chunk = read_unpacked(self._file, len(buffer) - filled, self._name)
            self._check(chunk)
            if not chunk:
                break
            buffer[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
        return filled

    def close(self) -> None:
        """Close the file below too."""
        self._file.close()
        super().close()

    def _check(self, chunk: bytes) -> None:
        nul = chunk.find(b"\0")
        if nul >= 0:
            line = self._lines + chunk.count(b"\n", 0, nul) + 1
            raise StepError(
                f"{self._name}: a NUL byte in line {line}, so this is a damaged table or none;"
                " remove the NUL bytes, or give CSV, JSON lines or Parquet"
            )
        try:
            # Most of a text is ASCII, which need not be decoded between whole letters.
            if not chunk.isascii() or self._decoder.getstate()[0]:
                self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = self._lines + error.object.count(b"\n", 0, error.start) + 1
            raise StepError(
                f"{self._name}: line {line} is not UTF-8 text (byte"
                f" 0x{error.object[error.start]:02x}); save the table as UTF-8, or"
                " give its encoding, such as encoding=cp1252"
            ) from None
        self._lines += chunk.count(b"\n")


class Transcoded:
    """The text of a file in some encoding, read as UTF-8."""

    def __init__(self, file: BinaryIO, encoding: str, name: str) -> None:
        self._file, self._encoding, self._name = file, encoding, name
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._pending = b""
        self._lines = 0

    def read(self, size: int) -> bytes:
        """Return up to so many bytes, and none at the end only."""
        while not self._pending:
            chunk = read_unpacked(self._file, BUFFER_BYTES, self._name)
            text = self._decoded(chunk)
            self._lines += text.count("\n")
            self._pending = text.encode()
            if not chunk:
                break
        given, self._pending = self._pending[:size], self._pending[size:]
        return given

    def close(self) -> None:
        """Close the file below too."""
        self._file.close()

    def _decoded(self, chunk: bytes) -> str:
        try:
            text = self._decoder.decode(chunk, final=not chunk)
            text.encode()
        except UnicodeError as error:
            what, line = "", self._lines + 1
            if isinstance(error, UnicodeDecodeError):
                before = error.object[: error.start].decode(self._encoding, errors="replace")
                what, line = f" (byte 0x{error.object[error.start]:02x})", line + before.count("\n")
            raise StepError(
                f"{self._name}: line {line} is not {self._encoding} text{what}; give another"
                " encoding, such as encoding=cp1252"
            ) from None
        return text


def open_text(path: Path, name: str, encoding: str = "utf-8") -> io.BufferedReader:
    """Open a text file, gzip'd or not, behind its byte order mark, as UTF-8."""
    file = _unpacked(path)
    if codecs.lookup(encoding).name != "utf-8":
        file = cast(BinaryIO, Transcoded(file, encoding, name))
    stream: io.BufferedReader = io.BufferedReader(CheckedText(file, name), BUFFER_BYTES)
    if stream.peek(1).startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    return stream


def read_head(path: Path, name: str, size: int = HEAD_BYTES) -> bytes:
    """Return the first bytes of a file, unpacked, whatever they are.

    Raises `StepError` if they cannot be unpacked.
    """
    with _unpacked(path) as file:
        return read_unpacked(file, size, name)


def read_unpacked(file: BinaryIO, size: int, name: str) -> bytes:
    """Read from a file that may be gzip'd and damaged."""
    try:
        return file.read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise StepError(
            f"{name}: the gzip file is damaged or incomplete ({error}); fetch it again"
        ) from None


def is_gzip(path: Path) -> bool:
    """Return whether a file is gzip'd, by its content."""
    with path.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def _unpacked(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if is_gzip(path) else path.open("rb")
