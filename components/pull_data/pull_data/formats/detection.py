"""Which format a file has: its content decides, its extension only explains a failure."""

import codecs
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
    """Tell the format of a file from its first bytes.

    Raises StepError for an empty file and for one that is no table.
    """
    head = read_head(path, name)
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise StepError(f"{name}: this is {what}")
    if head.startswith(PARQUET_MAGIC):
        if is_gzip(path):
            raise StepError(f"{name}: a Parquet file inside gzip; unpack it first")
        return Format.PARQUET
    return _text_format(head.removeprefix(codecs.BOM_UTF8).lstrip(), name)


def _text_format(start: bytes, name: str) -> Format:
    suffixes = set(PurePosixPath(name.lower()).suffixes)
    if not start:
        raise StepError(f"{name}: the file is empty; give a table with a header and rows")
    if start.startswith(b"{"):
        return Format.JSON_LINES
    if start[:1] == b"[" and start[1:].lstrip()[:1] == b"{":
        raise StepError(f"{name}: a JSON array; write one object a line (jq -c '.[]')")
    if start[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise StepError(f"{name}: an HTML page, not a table; give the address of the file")
    if ".parquet" in suffixes:
        raise StepError(f"{name}: named .parquet, but not a Parquet file; fetch it again")
    if suffixes & _JSON_SUFFIXES:
        raise StepError(f"{name}: not JSON lines: the first line starts no object with {{")
    return Format.CSV
