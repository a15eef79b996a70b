"""Read MLflow's model registry, and move its aliases."""

import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.models.store import probe, sqlite_file
from pipelines.system.connections import cause, without_secrets
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.variables import set_for_a_while

CHAMPION = "champion"
_REFERENCE = re.compile(
    r"(?:models:/)?(?P<name>[^/@:]+)(?:/(?P<version>[1-9]\d*)|@(?P<alias>[\w-]+))?"
)


@dataclass(frozen=True)
class ModelReference:
    """A model by its version or an alias; the default alias is `champion`."""

    name: str
    version: int | None = None
    alias: str = CHAMPION

    @classmethod
    def parse(cls, text: str) -> "ModelReference":
        """Parse a reference; raise `UsageError` if it is not one."""
        if match := _REFERENCE.fullmatch(text):
            version = int(match["version"]) if match["version"] else None
            return cls(match["name"], version, match["alias"] or CHAMPION)
        raise UsageError(f"{text!r} is not NAME, NAME@alias or NAME/VERSION of a registered model")

    def __str__(self) -> str:
        return f"{self.name}/{self.version}" if self.version else f"{self.name}@{self.alias}"


# With its own limits, MLflow takes minutes to notice that nothing answers.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # A server may ask clients to wait for an hour.
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_REFUSALS = {
    "UNAUTHENTICATED": "requires a valid login; set MLFLOW_TRACKING_USERNAME and"
    " MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    "PERMISSION_DENIED": "denied permission; ask its administrator for access to the model",
}
_HISTORY = "pinion.history."
# The most entries that MLflow returns at once.
_PAGE = 1000


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model; `created` is in UTC."""

    name: str
    number: int
    run_id: str
    source: str
    status: str
    created: datetime
    tags: Mapping[str, str]
    aliases: tuple[str, ...]

    @property
    def uri(self) -> str:
        """Its URI in MLflow."""
        return f"models:/{self.name}/{self.number}"


def _parsed(given: Any, aliases: Iterable[str]) -> ModelVersion:
    return ModelVersion(
        name=given.name,
        # SQLite returns an integer, a server a string.
        number=int(given.version),
        run_id=given.run_id or "",
        source=given.source or "",
        status=given.status,
        created=datetime.fromtimestamp(given.creation_timestamp / 1000, UTC),
        tags=dict(given.tags),
        aliases=tuple(sorted(aliases)),
    )


@dataclass(frozen=True)
class Move:
    """The move of an alias between two versions; `before` is None if the alias was new."""

    alias: str
    before: int | None
    after: int
    by: str
    why: str
    run: str = ""
    # In UTC, in characters that MLflow allows in the name of a tag.
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")


class ModelRegistry:
    """The registry behind an MLflow client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def version(self, reference: ModelReference) -> ModelVersion:
        """Return a version; raise `PinionError` if the model, version or alias does not exist."""
        aliases = self.aliases(reference.name)
        number = reference.version or aliases.get(reference.alias)
        if number is None:
            raise PinionError(
                f"{reference.name} has no alias {reference.alias!r}; it has"
                f" {', '.join(sorted(aliases)) or 'none'}; name a version: {reference.name}/VERSION"
            )
        version = found(lambda: self.client.get_model_version(reference.name, str(number)))
        if version is None:
            raise PinionError(f"{reference.name} has no version {number}")
        return _parsed(version, (alias for alias, at in aliases.items() if at == number))

    def all_versions(self) -> Iterator[ModelVersion]:
        """Yield every version of every model, the oldest of each first, without aliases."""
        versions, token = [], None
        while token != "":
            page = self.client.search_model_versions(max_results=_PAGE, page_token=token)
            versions += [_parsed(each, ()) for each in page]
            token = page.token or ""
        yield from sorted(versions, key=lambda version: (version.name, version.number))

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version of each alias; raise `PinionError` for an unknown model."""
        return {alias: int(number) for alias, number in self._model(name).aliases.items()}

    def _model(self, name: str) -> Any:
        model = found(lambda: self.client.get_registered_model(name))
        if model is None:
            raise PinionError(f"there is no registered model {name!r}")
        return model

    def move(self, name: str, move: Move) -> None:
        """Move an alias if it is still where the move begins, and record the move in the history.

        MLflow cannot set an alias conditionally, so it is checked before and after. Raises
        `PinionError` if somebody else moved it.
        """
        self._require_at(name, move.alias, move.before)
        self.client.set_registered_model_alias(name, move.alias, str(move.after))
        self._require_at(name, move.alias, move.after)
        value = json.dumps({key: each for key, each in asdict(move).items() if key != "at"})
        self.client.set_registered_model_tag(name, f"{_HISTORY}{move.at}", value)

    def _require_at(self, name: str, alias: str, expected: int | None) -> None:
        current = self.aliases(name).get(alias)
        if current != expected:
            raise PinionError(
                f"the alias {alias!r} of {name} is at version {current}, not {expected}: somebody"
                " else moved it in the meantime; check --history and try again"
            )

    def history(self, name: str) -> list[Move]:
        """Return the moves of the model's aliases, the oldest first; skip other tags."""
        tags, moves = self._model(name).tags, []
        for key in sorted(tags):
            if key.startswith(_HISTORY):
                with suppress(ValueError, TypeError):
                    moves.append(Move(**json.loads(tags[key]), at=key.removeprefix(_HISTORY)))
        return moves


@contextmanager
def open_registry(given: str | None) -> Iterator[ModelRegistry]:
    """Open the registry; within the block, MLflow's errors become `PinionError`s.

    The short timeouts apply to this process only, not to the steps.
    """
    uri = given or os.environ.get("MLFLOW_TRACKING_URI") or _local()
    if database := sqlite_file(uri):
        # MLflow would create a missing store.
        probe(database)
    # The user's own settings win.
    added = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    with set_for_a_while(added), _errors(uri):
        import mlflow

        # MLflow raises every error that it also logs with a traceback.
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
        mlflow.set_tracking_uri(uri)
        yield ModelRegistry(mlflow.MlflowClient(uri, uri))


@contextmanager
def _errors(uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        raise PinionError(f"MLflow at {without_secrets(uri)} {_explain(error)}") from error


def _explain(error: Exception) -> str:
    if refusal := _REFUSALS.get(getattr(error, "error_code", "")):
        return refusal
    text = " ".join(str(error).split()).partition(" [SQL:")[0]
    if "Max retries exceeded" in text or "timed out" in text:
        return f"does not answer ({cause(error)[:200]}); is the server running there?"
    return f"failed: {text[:300]}"


def _local() -> str:
    database = Path("runs/mlflow.db").resolve()
    if not database.is_file():
        raise UsageError(
            f"there is no MLflow store {database}; give --mlflow-tracking-uri or"
            " MLFLOW_TRACKING_URI, or create a model with python -m pipelines.run --register"
        )
    return f"sqlite:///{database}"


def found(ask: Callable[[], Any]) -> Any:
    """Return the result of a request to MLflow, or None if the object does not exist."""
    from mlflow.exceptions import MlflowException

    try:
        return ask()
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    return None
