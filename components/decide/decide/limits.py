"""The limits of drift: of a measure, or of a measure of one column."""

import json
from argparse import ArgumentTypeError
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from pinion_step.cli import json_object
from pinion_step.errors import WrongCallError, some

DEFAULTS = {"psi": 0.2, "js": 0.1, "wasserstein": 0.1}
EXAMPLE = '{"psi": 0.3, "age": {"psi": 0.5}, "id": false}'


@dataclass(frozen=True)
class Limits:
    """What a measure may reach; None stands for a measure or a column that is left out."""

    measures: Mapping[str, float | None] = field(default_factory=lambda: dict(DEFAULTS))
    columns: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    def of(self, column: str, measure: str) -> float | None:
        """Return the limit of a measure of a column; None if it is left out."""
        own = self.columns.get(column, {})
        return own[measure] if measure in own else self.measures[measure]

    def check(self, known: Collection[str]) -> None:
        """Raise `WrongCallError` for a column that no table has."""
        if unknown := [name for name in self.columns if name not in known]:
            raise WrongCallError(
                f"--limits: {unknown[0]!r} is neither a measure ({', '.join(DEFAULTS)}) nor a"
                f" column; the columns are {some(sorted(known))}"
            )


def parse_limits(text: str) -> Limits:
    """Parse limits; a `type` of argparse. An empty text gives the defaults."""
    measures: dict[str, float | None] = dict(DEFAULTS)
    columns = {}
    for name, given in json_object(EXAMPLE)(text).items():
        if isinstance(given, dict):
            columns[name] = {measure: _limit(measure, each) for measure, each in given.items()}
        elif name in DEFAULTS:
            measures[name] = _limit(name, given)
        elif given is False:
            columns[name] = dict.fromkeys(DEFAULTS)
        else:
            raise ArgumentTypeError(
                f"{name!r} is not a measure ({', '.join(DEFAULTS)}), and a column takes an object"
                f" or false, not {json.dumps(given)}; give limits such as {EXAMPLE}"
            )
    return Limits(measures, columns)


def _limit(measure: str, given: Any) -> float | None:
    if measure not in DEFAULTS:
        raise ArgumentTypeError(
            f"{measure!r} is not a measure; the measures are {', '.join(DEFAULTS)}"
        )
    if given is False:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < inf:
        raise ArgumentTypeError(
            f"{json.dumps(given)} is not a limit of {measure}; give a number that is not negative,"
            " or false for none"
        )
    return float(given)
