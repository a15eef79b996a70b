"""The decision beside a champion, whose profile is compared with that of the data."""

from collections.abc import Mapping

from decide.champion import find_champion
from decide.decision import Decision, Moved, by_comparison, by_identity
from decide.document import Document, document
from decide.drift.comparison import compare
from decide.drift.shapes import compared
from decide.request import Request
from decide.schema import differences
from decide.tracking import log_run
from pinion_step.champion import ModelVersion
from pinion_step.formats.profile import Profile
from pinion_step.mlflow import connect, resolve_uri
from pinion_step.store import check_store


def beside(
    version: ModelVersion,
    request: Request,
    new: Profile,
    recipe: str,
    environment: Mapping[str, str],
) -> Document:
    """Decide, and log the comparison if one was needed; raises `StepError`."""
    uri = resolve_uri(request.mlflow_tracking_uri, environment)
    check_store(uri)
    client = connect(uri)
    champion = find_champion(client, version)
    if champion.profile is None:
        return document(request, Decision(True, "no_profile"), recipe)
    before = champion.profile
    if decision := by_identity(request, new, recipe, before, champion.recipe):
        return document(request, decision, recipe)
    request.limits.check(before.columns.keys() | new.columns.keys())
    columns = compare(before, new, request.limits)
    schema = differences(before, new)
    moved = Moved.of(columns)
    decision = by_comparison(request, recipe, champion.recipe, schema, moved)
    log_run(client, request, decision, columns, new.dataset, environment)
    return document(request, decision, recipe, schema, compared(before, new, columns))
