"""The `--slices` flag: the columns whose values the metrics are told apart by."""

import json

from evaluate.errors import WRONG_CALL, EvaluateError


def parse_slices(text: str) -> tuple[str, ...]:
    """Reads a JSON list of column names; none for an empty text."""
    if not text.strip():
        return ()
    try:
        columns = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EvaluateError(f"--slices is not valid JSON ({error})", WRONG_CALL) from error
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise EvaluateError(
            f'--slices must be a list of columns such as ["age"], given {text[:80]}', WRONG_CALL
        )
    return tuple(dict.fromkeys(columns))
