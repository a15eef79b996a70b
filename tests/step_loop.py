"""Call one step again and again in one process: `python -sE step_loop.py APP NAME`.

It runs in the environment of the step, so it imports nothing of ours but the step. Each line on
stdin is JSON: a list is a command line, and a text is the path of a Parquet file, whose rows are
the answer. An object has the paths of a dataset and its schema; the answer are its rows as a model
reads them.
"""

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer each line with one line of JSON."""
    app, name = sys.argv[1:]
    sys.path.insert(0, app)
    step = import_module(f"{name}.__main__")
    for line in sys.stdin:
        asked = json.loads(line)
        answers: dict[type, Callable[[Any], object]] = {
            str: _rows,
            dict: _read_by_a_model,
            list: partial(_called, step),
        }
        answer = answers[type(asked)](asked)
        print(json.dumps(answer, default=str), flush=True)


def _called(step: Any, argv: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = step.main(argv)
    return code, out.getvalue(), err.getvalue()


def _rows(path: str) -> list[dict[str, object]]:
    file = import_module("pyarrow.parquet").ParquetFile(path)
    rows: list[dict[str, object]] = file.read().to_pylist()
    return rows


def _read_by_a_model(files: dict[str, str]) -> list[dict[str, object]]:
    read = import_module("pinion_step.reading.rows").read
    arrow = import_module("pyarrow")
    schema = json.loads(Path(files["schema"]).read_text(encoding="utf-8"))
    frame = import_module("pandas").read_parquet(files["dataset"])
    frame = read(frame.rename(columns=str.strip), schema)
    rows: list[dict[str, object]] = arrow.Table.from_pandas(frame).to_pylist()
    return rows


if __name__ == "__main__":
    main()
