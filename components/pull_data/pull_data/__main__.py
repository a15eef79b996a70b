"""The command line: `pull_data --source URL --sha256 HASH --delimiter ; --dataset FILE`."""

import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from functools import partial
from importlib import import_module

from pinion_step.cli import Parser, path, run, whole_number
from pinion_step.console import log
from pinion_step.errors import StepError, reason
from pinion_step.sources.source import DEFAULT_SOURCE, KNOWN, parse_source
from pull_data.formats.csv import options as csv
from pull_data.sources.samples import sample_names

PROGRAM = "pull_data"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def build_parser() -> Parser:
    """Return the parser of the flags; an empty value means that a flag was not given."""
    parser = Parser(
        prog=PROGRAM,
        description="Pull a table (CSV, gzip'd CSV, JSON lines, Parquet, a folder of Parquet files)"
        " into one Parquet file.",
    )
    samples = " or ".join(sample_names())
    parser.add_argument(
        "--source",
        default=DEFAULT_SOURCE,
        help=f"the table: {KNOWN}, with NAME {samples} (default: %(default)s)",
    )
    parser.add_argument(
        "--sha256",
        type=_sha256,
        default="",
        help="SHA-256 that the source must have (default: any)",
        metavar="HEX",
    )
    parser.add_argument(
        "--source-version",
        default="",
        help="version that the source must have, as resolve names it (default: any)",
        metavar="VERSION",
    )
    parser.add_argument(
        "--delimiter",
        type=csv.delimiter,
        default="",
        help="of a CSV: what separates the fields, one character, tab or space (default: find out)",
    )
    parser.add_argument(
        "--encoding",
        type=csv.encoding,
        default="",
        help="of a CSV: the encoding of the text, such as cp1252 or utf-16 (default: find out)",
    )
    parser.add_argument(
        "--quote",
        type=csv.quote,
        default="",
        help='of a CSV: what encloses a field, one character, or none (default: ")',
    )
    parser.add_argument(
        "--skip-lines",
        type=whole_number(csv.FIND_OUT, csv.FIND_OUT, 1_000_000),
        default=csv.FIND_OUT,
        help="of a CSV: how many lines stand above the header; -1 finds out (default: %(default)s)",
        metavar="N",
    )
    parser.add_argument(
        "--header",
        type=csv.header,
        default=None,
        help='of a CSV: true, false, or names for a table without a header, such as ["age", "city"]'
        " (default: find out)",
    )
    parser.add_argument(
        "--dataset",
        type=path,
        required=True,
        help="output: the table, Parquet",
        metavar="FILE",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code: 0 done, 1 the work failed, 2 the call was wrong."""
    return run(PROGRAM, _pull, argv)


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still work."""
    import_module("pull_data.step")


def _pull(argv: Sequence[str]) -> None:
    given = build_parser().parse(argv)
    source = parse_source(given.source)
    options = csv.CsvOptions(
        given.delimiter, given.encoding, given.quote, given.skip_lines, given.header
    )
    # Not above: Arrow would make --help slow.
    from pull_data.step import pull

    try:
        summary = pull(
            source,
            given.sha256,
            given.dataset,
            partial(log, PROGRAM),
            options,
            given.source_version,
        )
    except OSError as error:
        raise StepError(
            f"--dataset: {given.dataset} cannot be written: {reason(error)}; free some space,"
            " or choose another path"
        ) from None
    print(summary)


def _sha256(text: str) -> str:
    digits = text.strip().lower()
    if digits and not _SHA256.fullmatch(digits):
        raise ArgumentTypeError(f"{digits!r} is not 64 hexadecimal digits")
    return digits


if __name__ == "__main__":
    sys.exit(main())
