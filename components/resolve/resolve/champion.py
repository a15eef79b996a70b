"""The champion: the version of a registered model that an alias points to."""

import re
from dataclasses import dataclass
from typing import Any

from pinion_step.champion import ModelVersion
from resolve.registry import ask

# Of a version that was registered from a logged model.
_SOURCE = re.compile(r"models:/(?P<model_id>[\w-]+)")


@dataclass(frozen=True)
class Champion:
    """The version with the alias, and when it was registered, in seconds since 1970."""

    version: ModelVersion
    registered: float


def find_champion(uri: str, name: str, alias: str) -> Champion | None:
    """Return the version that has the alias; None if none has, or there is no model of that name.

    Raises `StepError` if the store of a resolved address does not answer.
    """

    def question(client: Any) -> Champion | None:
        # get_model_version_by_alias does not tell a missing alias from other errors.
        number = client.get_registered_model(name).aliases.get(alias)
        if number is None:
            return None
        version = client.get_model_version(name, str(number))
        known = _SOURCE.fullmatch(version.source or "")
        return Champion(
            ModelVersion(name, int(number), known["model_id"] if known else ""),
            version.creation_timestamp / 1000,
        )

    return ask(uri, f"the champion of the registered model {name!r}", question)
