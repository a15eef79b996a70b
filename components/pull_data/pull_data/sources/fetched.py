"""The bytes of a source as they are on this machine: one file, or the files of a folder."""

from dataclasses import dataclass
from functools import partial

from pull_data.formats.csv_table import read_csv
from pull_data.formats.detection import Format, detect_format
from pull_data.formats.folder import Part, folder_sha256
from pull_data.formats.json_lines import read_json_lines
from pull_data.formats.parquet_table import read_parquet
from pull_data.formats.table import Log, Table
from pull_data.formats.text_stream import open_text


@dataclass(frozen=True)
class Fetched:
    """One file, whose path is empty, or Parquet files in the order of their paths in a folder.

    `name` stands for the source in messages.
    """

    name: str
    parts: tuple[Part, ...]

    @property
    def sha256(self) -> str:
        """The hash of a file, or of the paths and hashes of all files in a folder."""
        return folder_sha256(self.parts) if self.parts[0].path else self.parts[0].sha256

    def table(self, log: Log) -> Table:
        """Open the table, whatever the format; the files of a folder follow each other."""
        if self.parts[0].path:
            # Not above: it loads Arrow's functions, which one file has no use for.
            from pull_data.formats.parquet_folder import read_parquet_folder

            return read_parquet_folder(self.parts, self.name, log)
        file = self.parts[0].file
        match detect_format(file, self.name):
            case Format.PARQUET:
                return read_parquet(file, self.name, log)
            case Format.JSON_LINES:
                return read_json_lines(partial(open_text, file, self.name), self.name)
            case Format.CSV:
                return read_csv(open_text(file, self.name), self.name)
