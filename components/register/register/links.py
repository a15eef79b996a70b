"""The link from a logged model to its version, which MLflow's page of the model shows.

A server writes the link when it creates a version, even one that is deleted later. In an SQLite
file, nothing else writes it.
"""

import json
from typing import TYPE_CHECKING, Any

from pinion_step.mlflow import ignoring
from register.model import ModelFolder

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
