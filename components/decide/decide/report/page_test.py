"""The report: what it says first, what it draws, and that it stays small."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decide.conftest import profile
from decide.decision import Decision
from decide.document import document
from decide.drift.comparison import compare
from decide.drift.shapes import compared
from decide.limits import Limits, parse_limits
from decide.report.page import page
from decide.request import Request
from pinion_step.champion import ModelVersion

RNG = np.random.default_rng(2)
AGES = RNG.normal(40, 12, 2000)


def report(before: dict[str, Any], now: dict[str, Any], limits: Limits, why: str) -> str:
    return page(made(before, now, limits, why))


def made(before: dict[str, Any], now: dict[str, Any], limits: Limits, why: str) -> dict[str, Any]:
    """Return the document of a comparison."""
    champion, new = profile(before), profile(now)
    request = Request(
        profile=Path("p"), champion=ModelVersion("income", 3), policy="on_drift", expired=False,
        refused=(), model="", model_params={}, search={}, test_fraction=0.2, seed=1, code="",
        thresholds={}, compare_with="", limits=limits, experiment="", mlflow_tracking_uri="",
    )  # fmt: skip
    columns = compare(champion, new, limits)
    decision = Decision(not why.startswith("no"), why)
    return document(request, decision, "r", (), compared(champion, new, columns))


def test_the_decision_comes_first_and_then_the_columns_that_moved_most() -> None:
    before = {"age": AGES, "city": ["Rome", "Kyiv"] * 1000, "x <b>": AGES * 2}
    now = before | {"age": AGES + 6, "city": ["Rome"] * 500 + ["Kyiv"] * 300 + ["Lviv"] * 1200}
    text = report(before, now, parse_limits('{"age": {"psi": 2}}'), "drift:city psi=5.1")
    assert "<h1>Train: the data drifted</h1>" in text
    assert "train (drift:city psi=5.1)" in text
    assert "2 of 3 columns" in text
    assert re.findall(r"<h3>(.*?)</h3>", text) == [
        'city <b class="fail">drift</b>',
        'age <b class="fail">drift</b>',
        'x &lt;b&gt; <b class="pass">within limits</b>',
    ]
    assert ">50 → 25%</text>" in text
    assert ">0 → 60%</text>" in text
    assert "PSI 0.24, limit 2, noise" in text


def test_a_measure_below_its_noise_says_so() -> None:
    text = report(
        {"age": AGES[:30]}, {"age": AGES[30:60]}, parse_limits('{"psi": 0.01}'), "no_drift"
    )
    assert '<h3>age <b class="pass">within noise</b></h3>' in text
    assert "<h1>Do not train: no column drifted</h1>" in text


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([None] * 20, id="missing"),
        pytest.param([5.0] * 20, id="constant"),
        pytest.param(["a"] * 20, id="one category"),
        pytest.param([1e150, -1e150] * 10, id="huge"),
    ],
)
def test_odd_columns_are_drawn(values: list[Any]) -> None:
    before = {"age": AGES[:20], "odd": values}
    text = report(before, {"age": AGES[:20], "odd": values}, Limits(), "no_drift")
    assert text.count("<svg role") == 2
    assert "nan" not in text


def test_three_hundred_columns_are_small_and_need_no_network() -> None:
    before: dict[str, Any] = {"age": AGES[:300], "city": ["Rome", "Kyiv", "Lviv"] * 100}
    now = {name: values[:200] for name, values in before.items()}
    found = made(before, now, Limits(), "no")
    columns: list[dict[str, Any]] = found["columns"]
    found["columns"] = [
        {**each, "name": f"{each['name']} {number}"} for number in range(150) for each in columns
    ]
    text = page(found | {"why": "no_drift"})
    assert len(text.encode()) < 500_000
    assert text.count("<svg role") == 300
    assert "<summary>More columns (276)</summary>" in text
    for word in ("http", "<a ", "<script", "url("):
        assert word not in text
