"""The mappings in a platform file: what each key takes, and which keys go together."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from pipelines.kubeflow.platform.values import (
    LabelKey,
    LabelValue,
    Memory,
    MountPath,
    Natural,
    Positive,
    Quantity,
    ResourceType,
    SubPath,
    UnlikeError,
    VolumeName,
    seconds,
)

Amount = TypeVar("Amount", bound=Quantity)
_NOTHING: Any = Quantity()
# The sources of a volume, each with the settings that it allows.
_VOLUMES: Mapping[str, set[str]] = {
    "claim": {"sub_path"},
    "secret": set(),
    "config_map": set(),
    "empty_dir": {"medium", "size"},
}
_HINTS = {
    "service_account": "a service account applies to the whole run; move it to the top of the file",
    "<<": "put what steps share under defaults",
}


def suggestion(word: str, known: Collection[str]) -> str:
    """Return the part of a message that names the closest known word, and all of them."""
    close = get_close_matches(word.lower(), known, 1)
    return f"{f'did you mean {close[0]!r}? ' if close else ''}known: {', '.join(known)}"


class Part(BaseModel):
    """A mapping in the file; it has no other keys than the fields of the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _of_known_keys(cls, given: Any) -> Any:
        known = list(cls.model_fields)
        if not isinstance(given, dict):
            raise UnlikeError(f"a mapping of {', '.join(known)}")
        for key in given:
            if key not in known:
                hint = _HINTS.get(key) or suggestion(key, known)
                raise ValueError(f"unknown setting {key!r}; {hint}")
        return given


class Resource(Part, Generic[Amount]):
    """Cpu or memory: what is reserved for a step, and the most that it may use."""

    request: Amount = _NOTHING
    limit: Amount = _NOTHING

    @model_validator(mode="before")
    @classmethod
    def _one_is_both(cls, given: Any) -> Any:
        return given if isinstance(given, dict) else {"request": given, "limit": given}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have a request, a limit, or both")
        if self.limit.text and self.request.amount > self.limit.amount:
            raise ValueError(
                f"the request {self.request.text!r} is larger than the limit {self.limit.text!r}"
            )
        return self


class Gpu(Part):
    """Devices, under the resource name by which Kubernetes counts them."""

    type: ResourceType
    count: Positive = 1


class Retries(Part):
    """The retries of a failed step: their number, the pauses and the total time, in seconds."""

    count: Natural
    backoff: Annotated[int, seconds(0)] = 0
    # Only whole numbers, although KFP allows others: Argo fails a run at its first retry if the
    # factor is 1.5.
    factor: Positive = 2
    # KFP's default of an hour would end a longer step in its second attempt, because Argo treats it
    # as a deadline.
    longest: Annotated[int, seconds(1)] = 7 * 24 * 3600

    @model_validator(mode="before")
    @classmethod
    def _a_count_alone(cls, given: Any) -> Any:
        return given if isinstance(given, dict) else {"count": given}


class Toleration(Part):
    """A taint of a node that a step tolerates; what is not given matches everything."""

    key: LabelKey | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Natural | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.operator == "Exists" and self.value is not None:
            raise ValueError("the operator Exists takes no value; remove it")
        if self.operator != "Exists" and self.key is None:
            raise ValueError("must have a key, or the operator Exists")
        if self.toleration_seconds is not None and self.effect != "NoExecute":
            raise ValueError("toleration_seconds needs the effect NoExecute")
        return self


class Volume(Part):
    """A folder in the container: a named claim, secret or config map, or an empty folder."""

    path: MountPath
    claim: VolumeName | None = None
    secret: VolumeName | None = None
    config_map: VolumeName | None = None
    empty_dir: VolumeName | None = None
    sub_path: SubPath = ""
    medium: Literal["Memory"] | None = None
    size: Memory | None = None

    @model_validator(mode="after")
    def _of_one_source(self) -> Self:
        given = self.model_fields_set - {"path"}
        sources = [each for each in _VOLUMES if each in given]
        if len(sources) != 1:
            raise ValueError(f"must have one of {', '.join(_VOLUMES)}")
        if extra := given - {*sources, *_VOLUMES[sources[0]]}:
            raise ValueError(
                f"a volume of type {sources[0]} has no {' and no '.join(sorted(extra))}; remove it"
            )
        return self
