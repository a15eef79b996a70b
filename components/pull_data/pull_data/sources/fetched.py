"""The bytes of a source as they are on this machine: one file, or the files of a folder."""

from dataclasses import dataclass
from functools import partial

from pinion_step.errors import StepError
from pull_data.formats.csv.csv_table import read_csv
from pull_data.formats.csv.options import CsvOptions
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

    def table(self, options: CsvOptions, log: Log) -> Table:
        """Open the table, whatever the format; the files of a folder follow each other.

        Raises `StepError` if the options are given, which CSV alone has, for another format.
        """
        if self.parts[0].path:
            self._check_is_csv(options, "a folder of Parquet files")
            # Not above: it loads Arrow's functions, which one file has no use for.
            from pull_data.formats.parquet_folder import read_parquet_folder

            return read_parquet_folder(self.parts, self.name, log)
        file = self.parts[0].file
        found = detect_format(file, self.name, options.skip_lines > 0)
        if found is not Format.CSV:
            self._check_is_csv(options, f"a {found.value} file")
        match found:
            case Format.PARQUET:
                return read_parquet(file, self.name, log)
            case Format.JSON_LINES:
                return read_json_lines(partial(open_text, file, self.name), self.name)
            case Format.CSV:
                return read_csv(file, self.name, options, log)

    def _check_is_csv(self, options: CsvOptions, what: str) -> None:
        if options.given:
            name, value = next(iter(options.given.items()))
            raise StepError(
                f"{self.name}: {name}={value!r} is for CSV, but this is {what}; leave it out"
            )
