"""What the data checks find: the record in the report, what a caller allows, and the failure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from json import dumps
from typing import Any

import pandas as pd

from pinion_step.errors import StepError

# In the order of the report.
CHECKS = (
    "schema_mismatch",
    "all_missing",
    "mixed",
    "ambiguous",
    "class",
    "without_target",
    "duplicates",
    "huge_number",
    "target_leak",
    "no_usable_features",
    "rare_class",
    "id_like",
    "constant",
    "repeated_rows",
    "codes",
    "many_categories",
    "many_classes",
    "alike_classes",
    "schema_drift",
    "read_as",
)
READ_AS = "read_as"
MOST_EXAMPLES = 3
_LONGEST_EXAMPLE = 80


class Severity(Enum):
    """An error ends the step, a warning is logged, the rest is only in the report."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """What a check found; one that is not `allowable` would break the step or the model."""

    check: str
    severity: Severity
    message: str
    column: str | None = None
    rows: int | None = None
    share: float | None = None
    examples: tuple[str, ...] = ()
    allowable: bool = True
    allowed: bool = False

    def document(self) -> dict[str, Any]:
        """Return the finding as what is written to JSON, without the keys that have no value."""
        document = {
            "check": self.check,
            "severity": self.severity.value,
            "column": self.column,
            "rows": self.rows,
            "share": None if self.share is None else round(self.share, 6),
            "examples": list(self.examples) or None,
            "allowed": self.allowed or None,
            "message": self.message,
        }
        return {key: value for key, value in document.items() if value is not None}


class ChecksError(StepError):
    """Errors among the findings; the message is that of the first, and counts the others."""

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__(message)
        self.findings = findings


def overruled(findings: Iterable[Finding], allowed: Sequence[str]) -> tuple[Finding, ...]:
    """Return the findings in the order of the report, the allowed ones as mere information.

    `allowed` names checks, or a check and a column as `check:column`.
    """
    ranks = list(Severity)
    marked = (_marked(finding, allowed) for finding in findings)
    return tuple(
        sorted(marked, key=lambda each: (ranks.index(each.severity), CHECKS.index(each.check)))
    )


def check_allowed_columns(allowed: Sequence[str], columns: Sequence[str]) -> None:
    """Raise `StepError` if an entry names a column that the table does not have."""
    for entry in allowed:
        check, _, column = entry.partition(":")
        # Of a class, the word is named.
        if check != "class" and column and column not in columns:
            raise StepError(
                f"--allowed-checks: {entry!r}: {column!r} is not a column; correct the name"
            )


def _marked(finding: Finding, allowed: Sequence[str]) -> Finding:
    named = {finding.check, f"{finding.check}:{finding.column}"} & set(allowed)
    if not named or not finding.allowable or finding.severity is Severity.INFO:
        return finding
    return replace(finding, severity=Severity.INFO, allowed=True)


def fail_on_errors(findings: Sequence[Finding]) -> None:
    """Raise `ChecksError` if a finding is an error."""
    messages = [each.message for each in findings if each.severity is Severity.ERROR]
    if messages:
        others = len(messages) - 1
        more = f" (and {others} more error(s), listed above)" if others else ""
        raise ChecksError(f"{messages[0]}{more}", findings)


def all_missing(name: str) -> Finding:
    """Return the finding of a column without values."""
    return Finding(
        "all_missing",
        Severity.ERROR,
        f"--dataset: column {name!r} has no values; leave it out with {ignoring(name)}",
        column=name,
        share=1.0,
        allowable=False,
    )


def remedy(check: str, column: str) -> str:
    """Return the advice to leave a column out, or to overrule a check."""
    allowed = dumps([f"{check}:{column}"], ensure_ascii=False)
    return f"leave it out with {ignoring(column)}, or allow it with --allowed-checks '{allowed}'"


def ignoring(column: str) -> str:
    """Return the flag that leaves a column out."""
    return f"--ignore-columns '{dumps([column], ensure_ascii=False)}'"


def as_text(value: object) -> str:
    """Return a value as it reads in the source: a whole number without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def examples(values: Iterable[object]) -> tuple[str, ...]:
    """Return the first few values, each as short text."""
    return tuple(_short(str(value)) for value in list(values)[:MOST_EXAMPLES])


def quoted(shown: Iterable[str]) -> str:
    """Return examples for a message."""
    return ", ".join(map(repr, shown))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"
