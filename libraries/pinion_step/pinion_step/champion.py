"""The champion: what the steps that compare with it know in common."""

import re
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The keys of a threshold that is a change from the champion.
CHANGES = ("min_absolute_change", "min_relative_change")
# When to train beside a champion; only the first does not compare with it.
ALWAYS = "always"
POLICIES = (ALWAYS, "on_change", "on_drift")
# No name has a slash, and no id another character.
_FORM = re.compile(r"(?P<name>[^/:?\s][^/:?\x00-\x1f\x7f]*)/(?P<number>[1-9]\d*)(@(?P<id>[\w-]+))?")


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model. `model_id` is that of its logged model, empty if unknown."""

    name: str
    number: int
    model_id: str = ""

    @property
    def uri(self) -> str:
        """Return the address of the version in the registry."""
        return f"models:/{self.name}/{self.number}"

    def __str__(self) -> str:
        known = f"@{self.model_id}" if self.model_id else ""
        return f"{self.name}/{self.number}{known}"


def model_version(text: str) -> ModelVersion | None:
    """Parse NAME/VERSION or NAME/VERSION@MODEL_ID; a `type` of argparse. Empty is None."""
    if not text.strip():
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(
            f"{text!r:.200} is not a model version; give NAME/VERSION or NAME/VERSION@MODEL_ID"
        )
    return ModelVersion(found["name"], int(found["number"]), found["id"] or "")


def policy(text: str) -> str:
    """Parse when to train; a `type` of argparse. Empty is `ALWAYS`."""
    given = text.strip() or ALWAYS
    if given not in POLICIES:
        raise ArgumentTypeError(f"{text!r:.80} is not a policy; give one of {', '.join(POLICIES)}")
    return given


def asks_for_champion(thresholds: Mapping[str, Any]) -> bool:
    """Return whether one of the thresholds is a change from the champion."""
    entries = (each for each in thresholds.values() if isinstance(each, dict))
    return any(kind in entry for entry in entries for kind in CHANGES)
