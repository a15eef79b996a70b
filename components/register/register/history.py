"""Who moved an alias, when, from which run and why: kept as tags of the registered model."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException

from pinion_step.mlflow import was_answered

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
# What was the champion before, so that a person can go back to it.
PREVIOUS = "previous"
_PREFIX = "pinion.history."


@dataclass(frozen=True)
class Move:
    """An alias that went from one version to another; `before` is None where there was none."""

    alias: str
    before: int | None
    after: int
    by: str
    why: str
    run: str


def has_left(client: "MlflowClient", name: str, alias: str, version: int) -> bool:
    """Whether the alias was at a version and went on, forth or back."""
    tags = client.get_registered_model(name).tags
    for value in (each for key, each in tags.items() if key.startswith(_PREFIX)):
        try:
            move = json.loads(value)
            left = (move["alias"], move["before"]) == (alias, version)
        except (ValueError, LookupError, TypeError):
            # Not of ours.
            continue
        if left:
            return True
    return False


def keep(client: "MlflowClient", name: str, move: Move) -> None:
    """Writes a move down, and keeps hold of a champion that it ended."""
    # In characters that MLflow takes in the name of a tag, and in the order of time.
    key = f"{_PREFIX}{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    client.set_registered_model_tag(name, key, json.dumps(asdict(move)))
    if move.alias == CHAMPION and move.before is not None:
        try:
            client.set_registered_model_alias(name, PREVIOUS, str(move.before))
        except MlflowException as error:
            # Of two that insert a new alias at once, the database refuses one.
            if not was_answered(error) or PREVIOUS not in client.get_registered_model(name).aliases:
                raise
