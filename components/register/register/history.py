"""The moves of an alias, and the links from a model to its versions.

The moves (who, when, from which run, why) are kept as tags of the registered model. MLflow's page
of a model shows its links; a server writes them when it creates a version, and in an SQLite file
nothing else does.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pinion_step.mlflow import ignoring
from register.evaluation import EvaluationResult
from register.model import ModelFolder

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
# The alias of the champion before, so that a person can go back to it.
PREVIOUS = "previous"
_PREFIX = "pinion.history."


def has_left(client: "MlflowClient", name: str, alias: str, version: int) -> bool:
    """Return whether the alias was moved away from a version, to a newer or an older one."""
    registered = client.get_registered_model(name)
    # A person may move it in MLflow, which keeps no history.
    elsewhere = int(registered.aliases.get(alias, version)) != version
    for key, value in registered.tags.items():
        # A tag that this step did not write may hold anything.
        with suppress(ValueError, LookupError, TypeError):
            move = json.loads(value)
            left = move["before"] == version or (elsewhere and move["after"] == version)
            if key.startswith(_PREFIX) and move["alias"] == alias and left:
                return True
    return False


def keep(
    client: "MlflowClient",
    name: str,
    alias: str,
    before: int | None,
    after: int,
    result: EvaluationResult,
) -> None:
    """Record the move of an alias, and point `previous` to the champion that it replaced.

    `before` is None if no version had the alias.
    """
    move = {
        "alias": alias,
        "before": before,
        "after": after,
        "by": "register",
        "why": result.why,
        "run": result.run_id,
    }
    # MLflow accepts these characters in the name of a tag, and they sort by time.
    key = f"{_PREFIX}{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    client.set_registered_model_tag(name, key, json.dumps(move))
    if alias == CHAMPION and before is not None:
        # If two processes insert an alias at once, the database refuses one of them.
        with ignoring(lambda _: PREVIOUS in client.get_registered_model(name).aliases):
            client.set_registered_model_alias(name, PREVIOUS, str(before))


if TYPE_CHECKING:
    from mlflow import MlflowClient

_VERSIONS = "mlflow.modelVersions"


def link(client: "MlflowClient", name: str, number: int, model: ModelFolder) -> None:
    """Link the model to its one version under the name, and keep its links to other names."""
    before = _links(client.get_logged_model(model.model_id).tags.get(_VERSIONS, "[]"))
    links = [each for each in before if each.get("name") != name]
    links.append({"name": name, "version": str(number)})
    if links == before:
        return
    # If two processes insert a tag at once, the database refuses one of them.
    with ignoring(lambda _: _VERSIONS in client.get_logged_model(model.model_id).tags):
        client.set_logged_model_tags(model.model_id, {_VERSIONS: json.dumps(links)})


def _links(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
