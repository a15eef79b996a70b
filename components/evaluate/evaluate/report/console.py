"""What a person reads of an evaluation."""

from collections.abc import Sequence

from evaluate.gate.change import ChangeCheck
from evaluate.gate.evaluation import Evaluation
from evaluate.gate.thresholds import Check

_HEADER = ("metric", "value", "threshold", "check")


def table(checks: Sequence[Check | ChangeCheck]) -> list[str]:
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
    """A line for each metric that was not computed, and for what a check's two numbers hide."""
    known = ", ".join(sorted(evaluation.measurement.metrics))
    unknown = [metric_of(check) for check in evaluation.checks if check.value is None]
    changes = [check for check in evaluation.checks if isinstance(check, ChangeCheck)]
    return [
        *evaluation.measurement.left_out,
        *(f"{metric}: not computed, so its check fails; known are {known}" for metric in unknown),
        *(
            f"{check.change.metric}: {check.reason or check.note}"
            for check in changes
            if check.value is not None and (check.reason or check.note)
        ),
    ]


def metric_of(check: Check | ChangeCheck) -> str:
    """The metric that is checked."""
    return check.change.metric if isinstance(check, ChangeCheck) else check.threshold.metric


def demand(check: Check | ChangeCheck) -> str:
    """What the value has to be, in words."""
    if isinstance(check, Check):
        limit = check.threshold.limit
        baseline = " (baseline)" if check.threshold.baseline else ""
        return f"{check.threshold.relation} {short(limit, check.value)}{baseline}"
    if check.limit is None:
        return "no champion" if check.note else "champion unknown"
    return f"{check.change.relation} {short(check.limit, check.value)} (champion)"


def value_of(check: Check | ChangeCheck) -> str:
    """The value, with as many digits as tell it from its limit."""
    limit = check.threshold.limit if isinstance(check, Check) else check.limit
    return "not computed" if check.value is None else short(check.value, limit)


def _row(check: Check | ChangeCheck) -> tuple[str, str, str, str]:
    return metric_of(check), value_of(check), demand(check), "pass" if check.passed else "FAIL"


def short(number: float, other: float | None) -> str:
    """Six digits and those before the point, unless that makes two different numbers look equal."""
    if other is not None and number != other and _round(number) == _round(other):
        return repr(number)
    return _round(number)


def _round(number: float) -> str:
    return f"{number:.0f}" if 1e6 <= abs(number) < 1e15 else f"{number:.6g}"
