"""The command line: `new_step --dataset FILE --metrics FILE`."""

import sys
from collections.abc import Sequence
from importlib import import_module

from pinion_step.cli import Parser, path, run, whole_number
from pinion_step.outputs import staged, to_json, write_text

STEP = "new_step"
_MOST_ROWS = 2**62


def build_parser() -> Parser:
    """Build the parser; its flags are the inputs and outputs of component.yaml."""
    parser = Parser(prog=STEP, description="Count the rows and columns of a dataset.")
    add = parser.add_argument
    add("--dataset", required=True, type=path, metavar="FILE", help="the table, as a Parquet file")
    add(
        "--minimum-rows",
        default="1",
        type=whole_number(1, 0, _MOST_ROWS),
        metavar="N",
        help="fail if the table has fewer rows (default: %(default)s)",
    )
    add("--metrics", required=True, type=path, metavar="FILE", help="where to write the numbers")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the step and return its exit code: 0 done, 1 failed, 2 wrong call."""
    return run(STEP, _work, argv)


def warm() -> None:
    """Import what the step needs, so that a runner can do it while earlier steps run."""
    import_module("new_step.step")


def _work(argv: Sequence[str]) -> None:
    flags = build_parser().parse(argv)
    # Imported here, so that --help and a wrong call answer at once.
    from new_step.step import count

    with staged({"--metrics": flags.metrics}) as outputs:
        metrics = count(flags.dataset, flags.minimum_rows)
        write_text(outputs["--metrics"], to_json(metrics))


if __name__ == "__main__":
    sys.exit(main())
