"""The step as a user calls it: the decision and the reason, with a real registry."""

from typing import Any

import numpy as np
import pytest

from decide.conftest import Decide, Registry, document, free_port

RNG = np.random.default_rng(3)
AGES = RNG.normal(40, 12, 3000)
CITIES = RNG.choice(["Berlin", "Rome", "Kyiv"], 3000, p=[0.5, 0.3, 0.2]).tolist()
BEFORE = document({"income": AGES * 9, "age": AGES, "city": CITIES}, dataset="d-old")
NAMES = iter(f"model {number}" for number in range(100))


def now(**changes: Any) -> dict[str, Any]:
    """Return the profile of other rows of the same kind, or of a table that changed."""
    ages = RNG.normal(40, 12, 3000)
    cities = RNG.choice(["Berlin", "Rome", "Kyiv"], 3000, p=[0.5, 0.3, 0.2]).tolist()
    return document({"income": ages * 9, "age": ages, "city": cities} | changes)


def test_always_trains_and_asks_nobody(decide: Decide) -> None:
    outcome = decide(now(), champion="tumour/3", mlflow_tracking_uri="http://127.0.0.1:1")
    assert (outcome.code, outcome.retrain, outcome.why) == (0, "true", "forced")
    assert outcome.drift["compared"] is False
    assert "Train: the policy is always" in outcome.page


def test_x(registry: Registry, decide: Decide) -> None:
    champion = registry.champion(next(NAMES), BEFORE, recipe=decide(now()).recipe)
    for uri in (registry.server, registry.file):
        outcome = decide(now(), champion=champion, policy="on_drift", mlflow_tracking_uri=uri)
        print(outcome.err, outcome.why, outcome.drift["columns"][0]["measures"])
        assert outcome.why == "x"
