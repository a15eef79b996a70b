"""What people hand over in place of a table, by its first bytes, and what to do about it."""

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from pull_data.formats.text_stream import GZIP_MAGIC

PARQUET_MAGIC = b"PAR1"

# By the bytes it starts with.
_FOREIGN = {
    b"version https://git-lfs": "a Git LFS pointer, not the table; run git lfs pull first",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save the sheet as CSV",
    b"%PDF": "a PDF file; give the table itself, as CSV",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"\x89PNG": "an image; give the table itself, as CSV",
    b"\xff\xd8\xff": "an image; give the table itself, as CSV",
    b"\x89HDF": "an HDF5 file; save the table as Parquet or CSV",
    b"ARROW1\0\0": "an Arrow (Feather) file; save the table as Parquet",
    b"Obj\x01": "an Avro file; save the table as Parquet",
    b"\x80\x04\x95": "a Python pickle; save the table as Parquet",
    b"7z\xbc\xaf": "packed with 7-Zip; unpack it, or pack it with gzip",
    b"Rar!": "packed with RAR; unpack it, or pack it with gzip",
    GZIP_MAGIC: "a gzip file inside gzip; unpack it once",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it, or pack it with gzip",
}
# The first bytes hold the names of the first parts of a workbook.
_WORKBOOK = (b"[Content_Types].xml", b"_rels/", b"xl/")
_ZIP = b"PK\x03\x04"
_PAGE = re.compile(
    rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|meta|script|title)\b", re.I | re.S
)
_MARKUP = re.compile(rb"<(\?xml|[A-Za-z][\w:]*(\s[^<>,;\t]*)?>\s*<)")
_TITLE = re.compile(rb"<title[^>]*>(?P<words>.*?)</title>", re.I | re.S)
_LOG_IN = re.compile(rb"type=.?password|log.?in|sign.?in", re.I)
_ARFF = re.compile(rb"(\s*%[^\n]*\n|\s)*@relation\b", re.I)
_ATTRIBUTE = re.compile(rb"^\s*@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", re.I | re.M)
_ARFF_DATA = re.compile(rb"^\s*@data\b[^\n]*\n", re.I | re.M)
_MARKDOWN = re.compile(rb"\|[^\n]*\|\s*\n\|[\s:|-]+\|\s*\n")
_JSON_ARRAY = re.compile(rb"\[\s*[\[{]")
# A line that only opens an object, or an object's first key on a line of its own.
_JSON_DOCUMENT = re.compile(rb"\{\s*\n")
_SHOWN = 60
_JSON_SUFFIXES = {".json", ".jsonl", ".ndjson"}


def explained(head: bytes, start: bytes, name: str, skips_lines: bool) -> str:
    """Return why a file that starts with `head` is not a table, and what to do; empty if it may be.

    `start` is the head without a byte order mark and white space. `name` tells the suffixes.
    """
    suffixes = set(PurePosixPath(name.lower()).suffixes)
    found = (*_by_bytes(head), *_by_text(head, start, skips_lines), *_by_name(start, suffixes))
    return next((what for is_wrong, what in found if is_wrong), "")


def _by_bytes(head: bytes) -> Iterator[tuple[bool, str]]:
    yield from ((head.startswith(magic), f"this is {what}") for magic, what in _FOREIGN.items())
    zipped = head.startswith(_ZIP)
    workbook = any(part in head for part in _WORKBOOK)
    yield zipped and workbook, "this is an Excel workbook; save the sheet as CSV"
    yield zipped, "this is a zip archive or an Excel workbook; unpack it, or save the sheet as CSV"
    yield head.startswith(PARQUET_MAGIC), "this is a Parquet file inside gzip; unpack it first"


def _by_text(head: bytes, start: bytes, skips_lines: bool) -> Iterator[tuple[bool, str]]:
    yield not start, "the file is empty; give a table with a header and rows"
    array = _JSON_ARRAY.match(start) is not None
    yield array, "this is a JSON array; write one object per line (jq -c '.[]')"
    yield _PAGE.match(start) is not None, _page(start)
    yield _MARKUP.match(start) is not None, "this is XML, not a table; save the table as CSV"
    yield _ARFF.match(start) is not None and not skips_lines, _arff(head)
    yield _MARKDOWN.match(start) is not None, "this is a Markdown table; save the table as CSV"
    document = _JSON_DOCUMENT.match(start) is not None
    yield document, (
        "this is one JSON document on several lines, not JSON lines; write one object per line"
        " (jq -c)"
    )
    is_wide = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    wide = head.decode("utf-16", errors="ignore").lstrip() if is_wide else ""
    yield wide.startswith(("{", "[{")), "this is JSON as UTF-16 text; save it as UTF-8"


def _by_name(start: bytes, suffixes: set[str]) -> Iterator[tuple[bool, str]]:
    if start.startswith(b"{"):
        return
    yield ".parquet" in suffixes, "the name says Parquet, but the content is not; fetch it again"
    yield (
        bool(suffixes & _JSON_SUFFIXES),
        "not JSON lines: the first line does not start with {; write one object per line",
    )


def _page(start: bytes) -> str:
    title = _TITLE.search(start)
    words = " ".join(title["words"].decode(errors="replace").split())[:_SHOWN] if title else ""
    asks = "; it seems to ask for a log-in" if _LOG_IN.search(start) else ""
    return (
        f"this is an HTML page{f' ({words!r})' if words else ''}, not a table{asks}; give the"
        " address of the file itself"
    )


def _arff(head: bytes) -> str:
    """Say how to read an ARFF file, if the first bytes hold all of what describes it."""
    data = _ARFF_DATA.search(head)
    if data is None:
        return "this is an ARFF file; save the table as CSV"
    lines = head.count(b"\n", 0, data.end())
    names = [name.strip(b"'\"").decode(errors="replace") for name in _ATTRIBUTE.findall(head)]
    return (
        f"this is an ARFF file; save the table as CSV, or give skip_lines="
        f"{lines} and header={json.dumps(names, ensure_ascii=False)}"
    )
