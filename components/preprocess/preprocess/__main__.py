"""The command line: `preprocess --dataset FILE --target NAME … --train-data FILE …`."""

import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from pinion_step.cli import Parser, json_names, json_object, optional_path, path, run, whole_number
from pinion_step.console import log
from pinion_step.libraries import steer_libraries, warm_up

PROGRAM = "preprocess"
TASKS = ("classification", "regression")
DEFAULT_TEST_FRACTION = "0.2"
DEFAULT_SEED = 42
_FILES = (
    ("--dataset", "the Parquet file that pull_data wrote"),
    ("--train-data", "output: the train rows, Parquet"),
    ("--test-data", "output: the test rows, Parquet"),
    ("--schema", "output: the columns, JSON"),
    ("--data-summary", "output: rows, classes and what the checks found, JSON"),
)
# The limit of scikit-learn and NumPy, so that one seed suits every step.
_MOST_SEED = 2**32 - 1


def build_parser() -> Parser:
    """Return the parser of the flags; an empty value means that a flag was not given."""
    parser = Parser(
        prog=PROGRAM,
        description="Clean a table, decide the kind of each column, split it into train and test.",
    )
    add = parser.add_argument
    for flag, text in _FILES:
        add(flag, type=path, required=True, metavar="FILE", help=text)
    add(
        "--data-report",
        type=path,
        metavar="FILE",
        help="output: the data summary and the schema as a page, HTML (default: not written)",
    )
    add(
        "--profile",
        type=path,
        metavar="FILE",
        help="output: how the values of each column are distributed, JSON (default: not written)",
    )
    add("--target", default="", metavar="COLUMN", help="the column to predict")
    add(
        "--task",
        type=_task,
        default="",
        help=f"{' or '.join(TASKS)} (default: inferred from the target)",
    )
    add(
        "--positive-class",
        default="",
        metavar="CLASS",
        help="the positive one of two classes (default: the one with fewer rows)",
    )
    add(
        "--test-fraction",
        type=_test_fraction,
        default=DEFAULT_TEST_FRACTION,
        metavar="SHARE",
        help="share of test rows, between 0 and 1 (default: %(default)s)",
    )
    add(
        "--seed",
        type=whole_number(DEFAULT_SEED, 0, _MOST_SEED),
        default=DEFAULT_SEED,
        help="seed of the split (default: %(default)s)",
    )
    add(
        "--reference-schema",
        type=optional_path,
        default="",
        metavar="FILE",
        help="an earlier schema, which the table must match (default: none)",
    )
    add(
        "--ignore-columns",
        type=json_names,
        default="",
        metavar="JSON",
        help="columns to leave out, as a JSON list of names (default: none)",
    )
    add(
        "--allowed-checks",
        type=json_names,
        default="",
        metavar="JSON",
        help='findings to overrule, as a JSON list of "check" or "check:column" (default: none)',
    )
    _add_hints(parser)
    return parser


def _add_hints(parser: Parser) -> None:
    """Add the flags that say how values are read."""
    add = parser.add_argument
    add(
        "--column-types",
        type=json_object('{"price": "number"}'),
        default="",
        metavar="JSON",
        help="columns whose kind you set, as a JSON object: number, category, date, text or boolean"
        " (default: none)",
    )
    add(
        "--missing-markers",
        type=json_names,
        default="",
        metavar="JSON",
        help="further values that are missing, as a JSON list (default: none)",
    )
    add(
        "--duplicates",
        type=_one_of("keep", "drop"),
        default="",
        metavar="keep|drop",
        help="rows that repeat another (default: keep, unless a column numbers the rows)",
    )
    _add_forms(parser)


def _add_forms(parser: Parser) -> None:
    """Add the flags that choose where values leave a choice."""
    add = parser.add_argument
    add(
        "--decimal",
        type=_one_of(".", ","),
        default="",
        metavar="SIGN",
        help="the decimal sign of text that can be read in two ways (default: the values decide)",
    )
    add(
        "--thousands",
        type=_one_of(",", ".", "'", " "),
        default="",
        metavar="SIGN",
        help="what separates groups of three digits, if that can be read in two ways"
        " (default: the values decide)",
    )
    add(
        "--date-format",
        type=_date_format,
        default="",
        metavar="FORMAT",
        help="the format of dates that are not ISO 8601, such as %%d/%%m/%%Y"
        " (default: the values decide)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code: 0 done, 1 the work failed, 2 the call was wrong."""
    return run(PROGRAM, _preprocess, argv)


def warm() -> None:
    """Import what the step needs; a runner may call it while earlier steps still work."""
    warm_up("preprocess.step")


def _preprocess(argv: Sequence[str]) -> None:
    given = build_parser().parse(argv)
    steer_libraries()
    # Not above: pandas would make --help slow.
    from preprocess.settings import read_settings
    from preprocess.step import preprocess

    print(preprocess(read_settings(given), partial(log, PROGRAM)))


def _test_fraction(text: str) -> float:
    try:
        fraction = float(text or DEFAULT_TEST_FRACTION)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < fraction < 1:
        raise ArgumentTypeError(f"{text} is not between 0 and 1")
    return fraction


def _one_of(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and text not in known:
            raise ArgumentTypeError(f"{text!r} is not one of {' '.join(map(repr, known))}")
        return text

    return parse


def _date_format(text: str) -> str:
    if text and not re.search("%[djmbB]", text):
        raise ArgumentTypeError(f"{text!r} has no day or month; give one such as %d/%m/%Y")
    try:
        datetime.strptime("", text)
    except (ValueError, re.error) as error:
        # No text fits nothing, which is the answer to a good format.
        if not str(error).startswith("time data"):
            raise ArgumentTypeError(
                f"{text!r} is not a format of dates ({error}); give one such as %d/%m/%Y"
            ) from None
    return text


def _task(text: str) -> str:
    if text and text not in TASKS:
        raise ArgumentTypeError(f"{text!r} is unknown (known: {', '.join(TASKS)})")
    return text


if __name__ == "__main__":
    sys.exit(main())
