"""Call one step again and again in one process: `python -sE step_loop.py APP NAME`.

It runs in the environment of the step, so it imports nothing of ours but the step. Each line on
stdin is JSON: a list is a command line, and a text is the path of a Parquet file, whose rows are
the answer.
"""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import Any


def main() -> None:
    """Answer each line with one line of JSON."""
    app, name = sys.argv[1:]
    sys.path.insert(0, app)
    step = import_module(f"{name}.__main__")
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _rows(asked) if isinstance(asked, str) else _called(step, asked)
        print(json.dumps(answer, default=str), flush=True)


def _called(step: Any, argv: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = step.main(argv)
    return code, out.getvalue(), err.getvalue()


def _rows(path: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = import_module("pyarrow.parquet").read_table(path).to_pylist()
    return rows


if __name__ == "__main__":
    main()
