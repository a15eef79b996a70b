"""The decision and the measures as one document, which the report is made from."""

from collections.abc import Sequence
from typing import Any

from decide.decision import Decision
from decide.request import Request

FORMAT = 1

Document = dict[str, Any]


def document(
    request: Request,
    decision: Decision,
    recipe: str,
    schema: Sequence[str] = (),
    compared: Document | None = None,
) -> Document:
    """Return the document; without `compared`, that of a decision that needed no comparison."""
    return {
        "format": FORMAT,
        "retrain": decision.retrain,
        "why": decision.why,
        "policy": request.policy,
        "champion": str(request.champion or "") or None,
        "recipe": recipe,
        "schema": list(schema),
        "compared": compared is not None,
        "rows": {},
        "columns": [],
        **(compared or {}),
    }
