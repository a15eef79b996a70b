"""The lines that evaluate prints for a person."""

from evaluate.gate.change import Check
from evaluate.gate.evaluation import Evaluation
from pinion_step.console import short

_HEADER = ("metric", "value", "threshold", "check")


def table(evaluation: Evaluation) -> list[str]:
    """Return one aligned line per check under a header."""
    rows = [_HEADER]
    for check in evaluation.checks:
        passed = "pass" if check.passed else "FAIL"
        metric = evaluation.shown_as.get(check.metric, check.metric)
        rows.append((metric, value_of(check), demand(check), passed))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def verdict(evaluation: Evaluation) -> str:
    """Return the last line: passed or failed, with the numbers of checks and rows."""
    failed = sum(not check.passed for check in evaluation.checks)
    word = "passed" if evaluation.passed else "failed"
    count = len(evaluation.checks)
    checks = "1 check" if count == 1 else f"{count} checks"
    return f"evaluation {word}: {count - failed} of {checks} passed on {evaluation.rows} test rows"


def left_out(evaluation: Evaluation) -> list[str]:
    """Return a line for each metric that was not computed, and for each reason or note."""
    known = ", ".join(sorted(evaluation.measurement.metrics))
    unknown = [check.metric for check in evaluation.checks if check.value is None]
    return [
        *evaluation.measurement.left_out,
        *(f"{metric}: not computed, so its check fails; give one of {known}" for metric in unknown),
        *(
            f"{check.metric}: {check.reason or check.note}"
            for check in evaluation.checks
            if check.value is not None and (check.reason or check.note)
        ),
    ]


def demand(check: Check) -> str:
    """Return the demand on the value, in words."""
    if check.limit is None:
        return "no champion" if check.note else "champion unknown"
    against = f" ({check.against})" if check.against else ""
    return f"{check.relation} {short(check.limit, check.value)}{against}"


def value_of(check: Check) -> str:
    """Return the value, with enough digits to tell it from its limit."""
    return "not computed" if check.value is None else short(check.value, check.limit)
