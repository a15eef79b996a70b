import re
from html import unescape
from typing import Any

import pytest

from preprocess.__main__ import main
from preprocess.conftest import Preprocess
from preprocess.page import page

# Of each ten rows three are late; some towns and a size are missing.
TABLE: dict[str, Any] = {
    "size": [float(row) if row else None for row in range(40)],
    "town": [None if row % 10 == 4 else ("Ulm", "<b>Bonn</b>")[row % 3 == 1] for row in range(40)],
    "since": [f"20{row % 20 + 10}-03-{row % 28 + 1:02}" for row in range(40)],
    "same": ["x"] * 40,
    "y": ["late" if row % 10 < 3 else "in time" for row in range(40)],
}


def words(text: str) -> str:
    """Return the text of a page as one line, without the style."""
    text = re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL)
    text = text.replace("<wbr>", "")
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_the_page_says_what_the_report_says(preprocess: Preprocess) -> None:
    outcome = preprocess(TABLE)
    assert outcome.code == 0, outcome.err

    text = words(outcome.page)

    train, test = (outcome.report["rows"][side] for side in ("train", "test"))
    assert text.startswith("Data to predict y Data to predict y Task classification, from 4 feat")
    assert f"Rows 40 read: {train} to train, {test} to test" in text
    assert "Left out none" in text
    assert "Missing values in 2 of 4 columns, most in town (10%), size (2.5%)" in text
    found = [(check["severity"], check["check"]) for check in outcome.report["checks"]]
    assert ("warning", "constant") in found
    for check in outcome.report["checks"]:
        assert f"{check['severity']}: {check['check']} {check['message'][:200]}" in text
    classes = {each["label"]: each for each in outcome.report["classes"]}
    late = classes["late"]
    assert f"late {late['train']} {late['test']} 30%" in text
    assert "size 1 to 39 numeric 1 2.5%" in text
    assert "town 2 distinct: <b>Bonn</b>, Ulm categorical 4 10%" in text
    assert "<b>" not in outcome.page


def test_a_regression_has_no_classes(preprocess: Preprocess) -> None:
    numbers = {"x": [row * 37 % 50 for row in range(50)], "y": [row * 0.37 for row in range(50)]}

    outcome = preprocess(numbers, "--task", "regression", "--allowed-checks", '["id_like"]')

    assert outcome.code == 0, outcome.err
    assert "Classes" not in words(outcome.page)
    assert "Task regression, from 1 feature Rows" in words(outcome.page)


@pytest.mark.parametrize(("columns", "is_folded"), [(20, False), (21, True)])
def test_a_long_table_is_folded(columns: int, is_folded: bool) -> None:
    names = [f"c{number}" for number in range(columns)]
    report = {
        "rows": {"read": 9, "without_target": 2, "duplicates": 1, "train": 4, "test": 2},
        "columns": [
            {"name": name, "kind": "boolean", "missing": 0, "missing_share": 0.0} for name in names
        ],
        "checks": [],
    }
    features = [{"name": name, "kind": "boolean", "missing": 0} for name in names]
    schema = {"task": "regression", "target": {"name": "y"}, "features": features}

    text = page(report, schema)

    assert ("<details>" in text) is is_folded
    assert "Left out 2 without a target, 1 repeated" in words(text)
    assert "Missing values none" in words(text)
    assert "What the checks found Nothing." in words(text)


def test_the_page_is_written_only_if_asked_for(preprocess: Preprocess) -> None:
    folder = preprocess(TABLE).folder
    dataset, others = folder.with_name("dataset1"), folder.with_name("others")
    names = ("train-data", "test-data", "schema", "data-summary")

    flags = [f"--{name}={others / name}" for name in names]
    assert main([f"--dataset={dataset}", "--target=y", *flags]) == 0

    assert {path.name for path in others.iterdir()} == set(names)
    assert (others / "data-summary").read_bytes() == (folder / "data-summary").read_bytes()
