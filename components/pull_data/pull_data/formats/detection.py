"""Which format a file has: its content decides, its extension only explains a failure."""

import codecs
from enum import Enum
from pathlib import Path

from pinion_step.errors import StepError
from pull_data.formats.foreign import PARQUET_MAGIC, explained
from pull_data.formats.text_stream import is_gzip, read_head


class Format(Enum):
    """The formats of a table that this step reads."""

    CSV = "CSV"
    JSON_LINES = "JSON lines"
    PARQUET = "Parquet"


def detect_format(path: Path, name: str, skips_lines: bool = False) -> Format:
    """Return the format of a file, by its first bytes.

    `skips_lines` says whether the user knows of lines above the table. Raises `StepError` for an
    empty file and for one that is not a table.
    """
    head = read_head(path, name)
    if head.startswith(PARQUET_MAGIC) and not is_gzip(path):
        return Format.PARQUET
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if what := explained(head, start, name, skips_lines):
        raise StepError(f"{name}: {what}")
    return Format.JSON_LINES if start.startswith(b"{") else Format.CSV
