"""The command line: `pull_data --source URL --sha256 HASH --dataset FILE`."""

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from pull_data.errors import PullDataError, reason
from pull_data.interrupt import Interrupted, stop_signals_raise
from pull_data.sources.source import DEFAULT_SOURCE, KNOWN, parse_source

PROGRAM = "pull_data"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Parser(argparse.ArgumentParser):
    """A parser whose failures are told like all others: in one line."""

    def error(self, message: str) -> NoReturn:
        raise PullDataError(f"{message} (see --help)", exit_code=2)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; an empty value means that a flag was not given, but for `--source`."""
    parser = _Parser(
        prog=PROGRAM,
        description="Pull a table (CSV, gzip'd CSV, JSON lines, Parquet, a folder of Parquet files)"
        " into one Parquet file.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--source",
        default=DEFAULT_SOURCE,
        help=f"{KNOWN}; for NAME see the folder samples (default: %(default)s)",
    )
    parser.add_argument(
        "--sha256", default="", help="hash that the source must have (default: any)", metavar="HEX"
    )
    parser.add_argument(
        "--dataset", required=True, help="where the Parquet file is written", metavar="FILE"
    )
    return parser


def _joined(argv: Sequence[str] | None) -> list[str]:
    """Join each flag with its value, which may start with a dash, as a column's name may."""
    words = list(sys.argv[1:] if argv is None else argv)
    joined = []
    while words:
        word = words.pop(0)
        takes_value = word.startswith("--") and "=" not in word and word != "--help"
        joined.append(f"{word}={words.pop(0)}" if takes_value and words else word)
    return joined


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code: 0 done, 1 the work failed, 2 the call was wrong."""
    try:
        with stop_signals_raise():
            return _run(build_parser().parse_args(_joined(argv)))
    except PullDataError as error:
        return _fail(str(error), error.exit_code)
    except Interrupted as error:
        return _fail(f"{error}; nothing was written", error.exit_code)
    except MemoryError:
        return _fail("not enough memory; give this step more", 1)
    except OSError as error:
        return _fail(reason(error), 1)


def warm() -> None:
    """Imports what the step needs; a runner may call it while earlier steps still work."""
    import_module("pull_data.step")


def _run(arguments: argparse.Namespace) -> int:
    source = parse_source(arguments.source)
    sha256 = arguments.sha256.strip().lower()
    if sha256 and not _SHA256.fullmatch(sha256):
        raise PullDataError(f"--sha256: {sha256!r} is not 64 hexadecimal digits", exit_code=2)
    if not arguments.dataset:
        raise PullDataError("--dataset: no path given", exit_code=2)
    # Not above: Arrow would make --help slow.
    from pull_data.step import pull

    try:
        pulled = pull(source, sha256, Path(arguments.dataset), _log)
    except OSError as error:
        raise PullDataError(
            f"--dataset: {arguments.dataset} cannot be written: {reason(error)}; free some space,"
            " or give another place"
        ) from None
    print(
        f"{pulled.rows} rows, {pulled.columns} columns from {pulled.source}"
        f" (sha256 {pulled.sha256})"
    )
    return 0


def _log(message: str) -> None:
    print(f"{PROGRAM}: {message}", file=sys.stderr)


def _fail(message: str, exit_code: int) -> int:
    # Where the disk is full the log may be too; the exit code is still to be told.
    with suppress(OSError):
        _log(f"error: {message}")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
