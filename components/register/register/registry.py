"""The model registry: exactly one version per model, however often and by whom it is registered.

MLflow creates a new version at every call and has no conditional write. So the step looks for a
version, creates one, and looks again. If several processes create one at once, each of them keeps
the lowest number, which was there first, and the others are deleted. The source and the tags of a
version appear together with it, so that a version made by a process that died is found like any
other. MLflow never reuses the number of a deleted version, so that a deletion cannot hit the
version of another model.

The alias moves in the same way: a version is first tagged as one that asks for the alias, and
whoever has set the alias looks again for a newer version that asks. So the last process to set it
leaves it at the newest version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinion_step.errors import StepError
from pinion_step.mlflow import ignoring, was_answered
from register.card import ABOUT, describe_champion, model_card
from register.evaluation import EvaluationResult
from register.history import CHAMPION, has_left, keep, link
from register.model import ModelFolder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

# Each turn means that another process registered a version between a look and a write.
_TURNS = 50


@dataclass(frozen=True)
class Registration:
    """A model's version; `alias_at` is the version that has the alias, None without an alias."""

    name: str
    version: int
    created: bool
    alias: str
    alias_at: int | None

    @property
    def uri(self) -> str:
        """Return the address of the version."""
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
    """Give the model its one version under the name, with the tags, and move the alias to it.

    Raises `StepError` if the evaluation compared with a version that the alias has left.
    """
    if alias:
        tags = {**tags, _asked(alias): "asked"}
    made = None
    if not _versions(client, name, model):
        made = _create(client, name, model, tags, model_card(result, tags))
    version = _only_version(client, name, model, made)
    _add_tags(client, version, tags)
    number = int(version.version)
    link(client, name, number, model)
    alias_at = None
    if alias and made is None and has_left(client, name, alias, number):
        # The alias pointed to this version before; somebody may have moved it away on purpose.
        alias_at = _alias_at(client, name, alias)
    elif alias:
        alias_at = _move_alias(client, name, alias, number, result)
    if alias == CHAMPION and alias_at == number:
        describe_champion(client, name, number, result)
    return Registration(name, number, made == number, alias, alias_at)


def _only_version(
    client: "MlflowClient", name: str, model: ModelFolder, made: int | None
) -> "ModelVersion":
    """Return the model's lowest version after deleting the others; `made` is the newest one."""
    found = _versions(client, name, model)
    if not found:
        raise StepError(
            f"MLflow does not list version {made} of {name}, which this step has just made from "
            f"{model.uri}; it may have been deleted in the meantime: run the step again"
        )
    if len(found) > 1:
        _delete_own(client, found[1:], model)
    return found[0]


def _versions(client: "MlflowClient", name: str, model: ModelFolder) -> list["ModelVersion"]:
    """Return the model's versions under the name, the lowest first."""
    # A name may hold quotes, which a search expression cannot escape; the source never does.
    found = client.search_model_versions(f"source_path = '{model.uri}'")
    # SQLite gives the version as a number, a server as text.
    return sorted(
        (version for version in found if version.name == name),
        key=lambda version: int(version.version),
    )


def _create(
    client: "MlflowClient", name: str, model: ModelFolder, tags: Mapping[str, str], card: str
) -> int:
    with ignoring(lambda error: error.error_code == "RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model(name, description=ABOUT)
    version = client.create_model_version(
        name,
        source=model.uri,
        run_id=model.run_id,
        tags=dict(tags),
        description=card,
        # Waiting would ask for the version again, and another process may have deleted it by now.
        await_creation_for=0,
        model_id=model.model_id,
    )
    return int(version.version)


def _delete_own(
    client: "MlflowClient", duplicates: Sequence["ModelVersion"], model: ModelFolder
) -> None:
    """Delete the duplicates that this step made and that no alias points to."""
    name = duplicates[0].name
    aliased = {int(number) for number in client.get_registered_model(name).aliases.values()}
    for version in duplicates:
        by_us = version.tags.get("pinion.model_id") == model.model_id
        if by_us and int(version.version) not in aliased:
            with ignoring(lambda error: error.error_code == "RESOURCE_DOES_NOT_EXIST"):
                client.delete_model_version(name, str(version.version))


def _add_tags(client: "MlflowClient", version: "ModelVersion", tags: Mapping[str, str]) -> None:
    """Add the tags that a version lacks if it was registered by hand or for another alias."""
    name, number = version.name, str(version.version)
    missing = tags.keys() - version.tags.keys()
    if not missing:
        return
    from mlflow.exceptions import MlflowException

    for key in missing:
        try:
            client.set_model_version_tag(name, number, key, tags[key])
        except MlflowException as error:
            # If two processes insert a tag at once, the database refuses one of them.
            if not was_answered(error) or key not in client.get_model_version(name, number).tags:
                raise


def _asked(alias: str) -> str:
    return f"pinion.alias.{alias}"[:250]  # as long as MLflow takes


def _move_alias(
    client: "MlflowClient", name: str, alias: str, number: int, result: EvaluationResult
) -> int:
    """Set the alias, but never to an older version; return the version that it points to.

    A new version has the highest number. If the alias is already past it, this call repeats an
    older registration that a newer model has overtaken. To go back on purpose, set the alias in
    MLflow.
    """
    for _ in range(_TURNS):
        current = _alias_at(client, name, alias)
        if current is not None and current >= number:
            return current
        _require_compared(client, name, alias, current, number, result)
        if _set_alias(client, name, alias, current, number):
            keep(client, name, alias, current, number, result)
        # Between the look and the write, a newer version may have had the alias and lost it here.
        number = max(number, _newest(client, name, alias))
    raise StepError(
        f"the alias {alias!r} of {name} was moved by other processes {_TURNS} times in the "
        "meantime; run the step again"
    )


def _set_alias(
    client: "MlflowClient", name: str, alias: str, current: int | None, number: int
) -> bool:
    """Return whether the alias was set; another process may have inserted it at the same time."""
    from mlflow.exceptions import MlflowException

    try:
        client.set_registered_model_alias(name, alias, str(number))
    except MlflowException as error:
        # The database refuses one of the two.
        refused = current is None and was_answered(error)
        if not refused or _alias_at(client, name, alias) is None:
            raise
        return False
    return True


def _require_compared(
    client: "MlflowClient",
    name: str,
    alias: str,
    current: int | None,
    number: int,
    result: EvaluationResult,
) -> None:
    """Raise `StepError` if the evaluation compared with another version than the alias's.

    A model for another alias may have been compared with the champion.
    """
    compared = result.compared
    if compared is None or compared.is_at(name, current):
        return
    if alias != CHAMPION and compared.is_at(name, _alias_at(client, name, CHAMPION)):
        return
    where = "no version" if current is None else f"version {current}"
    raise StepError(
        f"the alias {alias!r} of {name} is at {where}, but the evaluation compared with {compared};"
        f" version {number} is registered without the alias: evaluate the model again"
    )


def _newest(client: "MlflowClient", name: str, alias: str) -> int:
    """Return the highest version that asked for the alias, without soon deleted duplicates."""
    found = client.search_model_versions(
        f"tags.`{_asked(alias)}` = 'asked'", order_by=["version_number DESC"]
    )
    lowest = {v.source: int(v.version) for v in found if v.name == name}
    return max(lowest.values(), default=0)


def _alias_at(client: "MlflowClient", name: str, alias: str) -> int | None:
    number = client.get_registered_model(name).aliases.get(alias)
    return None if number is None else int(number)
