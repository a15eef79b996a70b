"""The model registry: exactly one version per model, however often and by how many it is asked for.

MLflow makes a new version at every call and has no conditional write. So a version is looked for,
made, and looked for again: of several made at once everybody keeps the lowest number, which was
there before the others, and the rest are deleted. The source and the tags of a version appear with
it, so that one made by a process that died is found like any other; MLflow never gives a deleted
version's number again, so that a deletion cannot hit another model's version.

The alias is moved alike: a version is first tagged as one that asked for it, and whoever has set it
looks again for a newer one that asked. So the last to set it leaves it at the newest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException

from pinion_step.errors import StepError
from pinion_step.mlflow import was_answered
from register.card import model_card
from register.evaluation import EvaluationResult
from register.history import Move, has_left, keep
from register.links import link
from register.model import ModelFolder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

# Each is one more version that another process registered between a look and a write.
_TURNS = 50
# On the model's page, above its versions.
_ABOUT = (
    "Every version passed its evaluation. "
    "`champion` is the one in use, `previous` the one before it."
)


@dataclass(frozen=True)
class Registration:
    """A model's version; `alias_at` is the version that the alias is at, None without alias."""

    name: str
    version: int
    created: bool
    alias: str
    alias_at: int | None

    @property
    def uri(self) -> str:
        """The address of the version."""
        return f"models:/{self.name}/{self.version}"

    def __str__(self) -> str:
        done = "registered" if self.created else "already registered as"
        if self.alias_at is None:
            return f"{done} {self.uri}"
        if self.alias_at == self.version:
            return f"{done} {self.uri} ({self.alias})"
        newer = "the newer " if self.alias_at > self.version else ""
        return f"{done} {self.uri} ({self.alias} stays at {newer}version {self.alias_at})"


def register_model(
    client: "MlflowClient",
    name: str,
    alias: str,
    model: ModelFolder,
    tags: Mapping[str, str],
    result: EvaluationResult,
) -> Registration:
    """Gives the model its one version under the name, with the tags, and the alias to it.

    Raises StepError where the evaluation compared with a version that the alias has left.
    """
    if alias:
        tags = {**tags, _asked(alias): "asked"}
    made = None
    if not _versions(client, name, model):
        made = _create(client, name, model, tags, model_card(result, tags))
    found = _versions(client, name, model)
    if not found:
        raise StepError(
            f"MLflow does not list version {made} of {name}, which it has just made from "
            f"{model.uri}; was it deleted meanwhile? Repeat the call"
        )
    version, *duplicates = found
    if duplicates:
        _delete_own(client, duplicates, model)
    _add_tags(client, version, tags)
    number = int(version.version)
    link(client, name, number, model)
    if not alias:
        alias_at = None
    elif made is None and has_left(client, name, alias, number):
        # It was there, and somebody may have had a reason to go back from it.
        alias_at = _alias_at(client, name, alias)
    else:
        alias_at = _move_alias(client, name, alias, number, result)
    return Registration(name, number, made == number, alias, alias_at)


def _versions(client: "MlflowClient", name: str, model: ModelFolder) -> list["ModelVersion"]:
    """The model's versions under the name, the lowest first."""
    # A name could hold quotes, for which a search expression has no escape; the source cannot.
    found = client.search_model_versions(f"source_path = '{model.uri}'")
    # A number from SQLite, a text from a server.
    return sorted(
        (version for version in found if version.name == name),
        key=lambda version: int(version.version),
    )


def _create(
    client: "MlflowClient", name: str, model: ModelFolder, tags: Mapping[str, str], card: str
) -> int:
    try:
        client.create_registered_model(name, description=_ABOUT)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        name,
        source=model.uri,
        run_id=model.run_id,
        tags=dict(tags),
        description=card,
        # Waiting would ask for the version again, which another process may have deleted by now.
        await_creation_for=0,
        model_id=model.model_id,
    )
    return int(version.version)


def _delete_own(
    client: "MlflowClient", duplicates: Sequence["ModelVersion"], model: ModelFolder
) -> None:
    """Deletes the duplicates that no person made and no alias is at."""
    name = duplicates[0].name
    aliased = {int(number) for number in client.get_registered_model(name).aliases.values()}
    for version in duplicates:
        by_us = version.tags.get("pinion.model_id") == model.model_id
        if not by_us or int(version.version) in aliased:
            continue
        try:
            client.delete_model_version(name, str(version.version))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # another process was faster
                raise


def _add_tags(client: "MlflowClient", version: "ModelVersion", tags: Mapping[str, str]) -> None:
    """Adds what a version lacks that was registered before by hand, or for another alias."""
    name, number = version.name, str(version.version)
    for key in tags.keys() - version.tags.keys():
        try:
            client.set_model_version_tag(name, number, key, tags[key])
        except MlflowException as error:
            # Of two that insert a tag at once, the database refuses one.
            if not was_answered(error) or key not in client.get_model_version(name, number).tags:
                raise


def _asked(alias: str) -> str:
    return f"pinion.alias.{alias}"[:250]  # as long as MLflow takes


def _move_alias(
    client: "MlflowClient", name: str, alias: str, number: int, result: EvaluationResult
) -> int:
    """Sets the alias, but never back: gives the version it is at.

    A new version has the highest number, so an alias beyond it means that this call repeats an
    older registration, which a newer model has overtaken. To go back on purpose, set the alias in
    MLflow.
    """
    for _ in range(_TURNS):
        current = _alias_at(client, name, alias)
        if current is not None and current >= number:
            return current
        _require_compared(name, alias, current, number, result)
        try:
            client.set_registered_model_alias(name, alias, str(number))
        except MlflowException as error:
            # Of two that insert a new alias at once, the database refuses one.
            refused = current is None and was_answered(error)
            if not refused or _alias_at(client, name, alias) is None:
                raise
        else:
            keep(client, name, Move(alias, current, number, "register", result.why, result.run_id))
        # Between the look and the write, a newer version may have got the alias and lost it here.
        number = max(number, _newest(client, name, alias))
    raise StepError(
        f"the alias {alias!r} of {name} was moved by others {_TURNS} times meanwhile; "
        "repeat the call"
    )


def _require_compared(
    name: str, alias: str, current: int | None, number: int, result: EvaluationResult
) -> None:
    """An evaluation is a verdict on one champion, and says nothing about the next."""
    compared = result.compared
    if compared is not None and compared.alias == alias and compared.version != current:
        raise StepError(
            f"the alias {alias!r} of {name} is at version {current}, and the evaluation compared "
            f"with {compared.version}; version {number} is registered without it: evaluate again"
        )


def _newest(client: "MlflowClient", name: str, alias: str) -> int:
    """Gives the highest version that asked for the alias; a duplicate, soon deleted, is none."""
    found = client.search_model_versions(
        f"tags.`{_asked(alias)}` = 'asked'", order_by=["version_number DESC"]
    )
    lowest = {v.source: int(v.version) for v in found if v.name == name}
    return max(lowest.values(), default=0)


def _alias_at(client: "MlflowClient", name: str, alias: str) -> int | None:
    number = client.get_registered_model(name).aliases.get(alias)
    return None if number is None else int(number)
