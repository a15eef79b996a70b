"""Say how a metric of a model compares with its limit."""

from collections.abc import Mapping
from typing import Any


def check_line(check: Mapping[str, Any]) -> str:
    """Return the value of a check, its limit and its verdict, in one line."""
    verdict = "passed" if check["passed"] else "FAILED"
    if check["threshold"] is None:
        value = "not computed" if check["value"] is None else f"{check['value']:.4f}"
        return f"{value} {verdict}: {check.get('note') or check.get('reason') or 'no champion'}"
    value, threshold = _apart(check["value"], check["threshold"])
    # A threshold may be met exactly; a baseline must be beaten.
    limit = (">" if check["greater_is_better"] else "<") + ("" if check.get("baseline") else "=")
    kind = " (baseline)" if check.get("baseline") else ""
    kind = " (champion)" if check.get("champion") is not None else kind
    # For example, the value reaches the threshold, but not with enough certainty.
    reason = f": {check['reason']}" if check.get("reason") else ""
    return f"{value} {limit} {threshold}{kind} {verdict}{reason}"


def _apart(value: float | None, threshold: float) -> tuple[str, str]:
    """Return both with four decimals, or with all if four would make a miss look like a hit."""
    if value is None:
        return "not computed", f"{threshold:.4f}"
    short = f"{value:.4f}", f"{threshold:.4f}"
    return short if value == threshold or short[0] != short[1] else (repr(value), repr(threshold))
