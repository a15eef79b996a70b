"""The decision and the measures as one document, which the report is made from."""

from typing import Any

from decide.decision import Decision
from decide.request import Request

FORMAT = 1


def document(request: Request, decision: Decision, recipe: str) -> dict[str, Any]:
    """Return the document of a decision that needed no comparison."""
    return {
        "format": FORMAT,
        "retrain": decision.retrain,
        "why": decision.why,
        "policy": request.policy,
        "champion": str(request.champion or "") or None,
        "recipe": recipe,
        "schema": [],
        "columns": [],
    }
