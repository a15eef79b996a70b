"""The bytes of a source as they are on this machine: one file, or the files of a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pull_data.formats.csv_table import read_csv
from pull_data.formats.detection import Format, detect_format
from pull_data.formats.folder import Part, folder_sha256
from pull_data.formats.json_lines import read_json_lines
from pull_data.formats.parquet_table import read_parquet
from pull_data.formats.table import Table
from pull_data.formats.text_stream import open_text

Log = Callable[[str], None]


@dataclass(frozen=True)
class File:
    """One file; `name` stands for it in messages. Hashes are in hexadecimal."""

    name: str
    path: Path
    sha256: str

    def table(self, log: Log) -> Table:
        """Open the table in the file, whatever its format."""
        match detect_format(self.path, self.name):
            case Format.PARQUET:
                return read_parquet(self.path, self.name, log)
            case Format.JSON_LINES:
                return read_json_lines(partial(open_text, self.path, self.name), self.name)
            case Format.CSV:
                return read_csv(open_text(self.path, self.name), self.name)


@dataclass(frozen=True)
class Folder:
    """Parquet files, in the order of their paths."""

    name: str
    parts: tuple[Part, ...]

    @property
    def sha256(self) -> str:
        """The hash of the paths and hashes of all files."""
        return folder_sha256(self.parts)

    def table(self, log: Log) -> Table:
        """Open the table whose rows the files hold, one after the other."""
        # Not above: it loads Arrow's functions, which one file has no use for.
        from pull_data.formats.parquet_folder import read_parquet_folder

        return read_parquet_folder(self.parts, self.name, log)


Fetched = File | Folder
