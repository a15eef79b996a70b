"""The moves of an alias (who, when, from which run, why), kept as tags of the registered model."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pinion_step.mlflow import unless_done

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
# The alias of the champion before, so that a person can go back to it.
PREVIOUS = "previous"
_PREFIX = "pinion.history."


@dataclass(frozen=True)
class Move:
    """An alias that moved from one version to another; `before` is None if it is new."""

    alias: str
    before: int | None
    after: int
    by: str
    why: str
    run: str


def has_left(client: "MlflowClient", name: str, alias: str, version: int) -> bool:
    """Return whether the alias has moved away from a version, to a newer or an older one."""
    for key, value in client.get_registered_model(name).tags.items():
        # A tag that this step did not write may hold anything.
        with suppress(ValueError, LookupError, TypeError):
            move = json.loads(value)
            if key.startswith(_PREFIX) and (move["alias"], move["before"]) == (alias, version):
                return True
    return False


def keep(client: "MlflowClient", name: str, move: Move) -> None:
    """Record a move, and point `previous` to the champion that it replaced."""
    # MLflow accepts these characters in the name of a tag, and they sort by time.
    key = f"{_PREFIX}{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    client.set_registered_model_tag(name, key, json.dumps(asdict(move)))
    if move.alias == CHAMPION and move.before is not None:
        # If two processes insert an alias at once, the database refuses one of them.
        with unless_done(lambda _: PREVIOUS in client.get_registered_model(name).aliases):
            client.set_registered_model_alias(name, PREVIOUS, str(move.before))
