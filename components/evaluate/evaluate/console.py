"""What a person reads of an evaluation."""

from collections.abc import Sequence

from evaluate.evaluation import Evaluation
from evaluate.thresholds import Check

_HEADER = ("metric", "value", "threshold", "check")


def table(checks: Sequence[Check]) -> list[str]:
    """One aligned line per check under a header."""
    rows = [_HEADER, *(_row(check) for check in checks)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def verdict(evaluation: Evaluation) -> str:
    """The last line: passed or failed, and of how many rows and checks."""
    failed = sum(not check.passed for check in evaluation.checks)
    word = "passed" if evaluation.passed else "failed"
    count = len(evaluation.checks)
    checks = "1 check" if count == 1 else f"{count} checks"
    return f"evaluation {word}: {count - failed} of {checks} passed on {evaluation.rows} test rows"


def left_out(evaluation: Evaluation) -> list[str]:
    """A line for each metric that was not computed, and for each check that asks for one."""
    known = ", ".join(sorted(evaluation.measurement.metrics))
    unknown = [check.threshold.metric for check in evaluation.checks if check.value is None]
    return [
        *evaluation.measurement.left_out,
        *(f"{metric}: not computed, so its check fails; known are {known}" for metric in unknown),
    ]


def _row(check: Check) -> tuple[str, str, str, str]:
    limit = check.threshold.limit
    value = "not computed" if check.value is None else _short(check.value, limit)
    baseline = " (baseline)" if check.threshold.baseline else ""
    threshold = f"{check.threshold.relation} {_short(limit, check.value)}{baseline}"
    return check.threshold.metric, value, threshold, "pass" if check.passed else "FAIL"


def _short(number: float, other: float | None) -> str:
    """Six digits and those before the point, unless that makes two different numbers look equal."""
    if other is not None and number != other and _round(number) == _round(other):
        return repr(number)
    return _round(number)


def _round(number: float) -> str:
    return f"{number:.0f}" if 1e6 <= abs(number) < 1e15 else f"{number:.6g}"
