"""Which format a file has: its content decides, its extension only explains a failure."""

import codecs
from collections.abc import Iterator
from enum import Enum
from pathlib import Path, PurePosixPath

from pinion_step.errors import StepError
from pull_data.formats.text_stream import is_gzip, read_head

PARQUET_MAGIC = b"PAR1"

# What people hand over by mistake, by the bytes it starts with.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    codecs.BOM_UTF16_LE: "UTF-16 text; save the table as UTF-8",
    codecs.BOM_UTF16_BE: "UTF-16 text; save the table as UTF-8",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it, or pack it with gzip",
}
_JSON_SUFFIXES = {".json", ".jsonl", ".ndjson"}


class Format(Enum):
    """The formats of a table that this step reads."""

    CSV = "CSV"
    JSON_LINES = "JSON lines"
    PARQUET = "Parquet"


def detect_format(path: Path, name: str) -> Format:
    """Return the format of a file, by its first bytes.

    Raises `StepError` for an empty file and for one that is not a table.
    """
    head = read_head(path, name)
    if head.startswith(PARQUET_MAGIC) and not is_gzip(path):
        return Format.PARQUET
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"{"):
        return Format.JSON_LINES
    for is_wrong, what in _refusals(head, start, set(PurePosixPath(name.lower()).suffixes)):
        if is_wrong:
            raise StepError(f"{name}: {what}")
    return Format.CSV


def _refusals(head: bytes, start: bytes, suffixes: set[str]) -> Iterator[tuple[bool, str]]:
    """Yield what can be wrong with a file, and whether it is, by its bytes and suffixes."""
    yield from ((head.startswith(magic), f"this is {what}") for magic, what in _FOREIGN.items())
    yield head.startswith(PARQUET_MAGIC), "this is a Parquet file inside gzip; unpack it first"
    yield not start, "the file is empty; give a table with a header and rows"
    array = start[:1] == b"[" and start[1:].lstrip()[:1] == b"{"
    yield array, "this is a JSON array; write one object per line (jq -c '.[]')"
    page = start[:14].lower().startswith((b"<!doctype html", b"<html"))
    yield page, "this is an HTML page, not a table; give the address of the file itself"
    yield ".parquet" in suffixes, "the name says Parquet, but the content is not; fetch it again"
    yield (
        bool(suffixes & _JSON_SUFFIXES),
        "not JSON lines: the first line does not start with {; write one object per line",
    )
