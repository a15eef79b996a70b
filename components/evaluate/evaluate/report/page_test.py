import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from evaluate.conftest import Example, Outcome, Run, Store

# Elements that have no end.
VOID = {"meta", "link", "img", "br", "wbr", "hr", "input"}


class Page(HTMLParser):
    """What the tests ask of a page; raises where an element is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        self.tags.append(self.open[-1] if self.open else "")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element with the tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def parse(outcome: Outcome) -> tuple[Page, dict[str, Any]]:
    assert outcome.exit_code == 0, outcome.stderr
    text = outcome.report.read_text(encoding="utf-8")
    return Page(text), json.loads(outcome.report_data.read_text())


_BINARY = [
    "ROC curve", "Precision and recall", "Decision threshold", "Calibration",
    "Confusion matrix", "Importance of the columns",
]  # fmt: skip
FIGURES = {
    "income": _BINARY,
    "line": ["Predicted and true", "Residuals", "Importance of the columns"],
    "margins": ["Confusion matrix", "Importance of the columns"],
    "three_classes": [
        "ROC curve", "Precision and recall", "Calibration", "Confusion matrix",
        "Recall of each class", "Importance of the columns",
    ],
    "forest": _BINARY,
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_needs_nothing_and_can_be_read_aloud(
    evaluate_step: Run, request: pytest.FixtureRequest, name: str
) -> None:
    outcome = evaluate_step(request.getfixturevalue(name))
    page, document = parse(outcome)

    names = {tag for tag, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "a"}
    assert not re.search(r"url\(|@import|https?:", outcome.report.read_text())
    assert page.all("html") == [{"lang": "en"}]
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    figures = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert all(set((svg["aria-labelledby"] or "").split()) <= ids for svg in figures)
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes.get("scope") for attributes in page.all("th"))
    assert len(figures) == len(FIGURES[name])
    assert len(ids - {None}) == sum(
        attributes.get("id") is not None for _, attributes in page.elements
    )
    titles = [text for text, tag in zip(page.text, page.tags, strict=True) if tag == "h3"]
    assert titles == FIGURES[name]
    if name == "three_classes":
        assert document["training"] == {}


def test_the_numbers_are_those_of_the_result(forest: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(forest, slices='["work class", "age"]')
    page, document = parse(outcome)
    result = json.loads(outcome.result.read_text())

    assert {each["name"]: each["value"] for each in document["metrics"]} == result["metrics"]
    for each in document["metrics"]:
        assert each["low"] < each["value"] < each["high"]
    for check, shown in zip(result["checks"], document["checks"], strict=True):
        assert check.items() <= shown.items()
    assert sum(map(sum, document["confusion"]["counts"])) == 500
    work = [each for each in document["slices"] if each["column"] == "work class"]
    assert sum(each["rows"] for each in work) == 500
    whole = sum(each["rows"] * each["metrics"]["accuracy"] for each in work) / 500
    assert whole == pytest.approx(result["metrics"]["accuracy"])
    assert document["provenance"]["library scikit-learn"].startswith("1.")
    assert "work class: private" in page.text


def test_what_few_ask_for_is_folded(forest: Example, evaluate_step: Run) -> None:
    page, document = parse(evaluate_step(forest))

    assert {"open": None} not in page.all("details")
    folded = [text for text in page.text if re.fullmatch(r".* \(\d+\)", text)]
    assert folded == [
        f"Checks ({len(document['checks'])})",
        f"Metrics ({len(document['metrics'])})",
        f"Versions, parameters and data ({len(document['provenance'])})",
    ]
    assert page.text.count("The same as a table") == len(_BINARY)
    first = document["importance"][0]
    assert any(
        f"Shuffling {first['column']} worsens accuracy most, by {first['mean']:.4g}" in text
        for text in page.text
    )


def test_the_champion_is_beside_the_model(
    skilled: Example, forest: Example, store: Store, evaluate_step: Run
) -> None:
    version = store.register(forest, "beside")
    flags = {"thresholds": '{"accuracy": {"min_absolute_change": 0}}'}

    page, document = parse(evaluate_step(skilled, compare_with=f"beside/{version}", **flags))

    (difference,) = (each for each in document["differences"] if each["name"] == "accuracy")
    assert difference["value"] == 1.0 - document["champion"]["metrics"]["accuracy"]
    assert 0 < difference["low"] < difference["value"] < difference["high"]
    assert "This model minus models:/beside/1, on the same rows" in page.text


def test_equal_inputs_give_equal_bytes(forest: Example, evaluate_step: Run) -> None:
    contents = set()
    for _ in range(3):
        outcome = evaluate_step(forest, slices='["since"]')
        contents.add((outcome.report.read_bytes(), outcome.report_data.read_bytes()))

    assert len(contents) == 1


def test_what_comes_from_data_is_escaped(
    income: Example, evaluate_step: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINION_RELEASE", "<script>alert(1)</script>")
    evil = "<img src=x onerror=alert(1)>"
    frame = pd.read_parquet(income.test_data).assign(**{"work class": evil})
    frame.loc[0, "income class"] = '"><b>'
    frame.to_parquet(tmp_path / "test")

    outcome = evaluate_step(income, test_data=tmp_path / "test", slices='["work class"]')
    page, _ = parse(outcome)

    assert not {"img", "script", "b"} & {tag for tag, _ in page.elements}
    assert f"work class: {evil}" in page.text
    assert '"><b>' in page.text


def test_the_run_has_the_report(line: Example, store: Store, evaluate_step: Run) -> None:
    outcome = evaluate_step(line)

    for name, output in (("report.html", outcome.report), ("report.json", outcome.report_data)):
        logged = mlflow.artifacts.download_artifacts(
            run_id=line.run_id, artifact_path=f"evaluation/{name}", tracking_uri=line.uri
        )
        assert Path(logged).read_bytes() == output.read_bytes()


def test_the_report_says_what_it_was_made_from(
    line: Example, evaluate_step: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = "sha256:" + "0a" * 32
    monkeypatch.setenv("PINION_RELEASE", "1.4.0")
    monkeypatch.setenv("PINION_COMPONENTS", f"train=0.2.0@{digest},evaluate=0.1.0")

    page, document = parse(evaluate_step(line))

    made = document["provenance"]
    assert made["component train"] == f"0.2.0 {digest}"
    assert made["component evaluate"] == "0.1.0"
    assert made["release"] == "1.4.0"
    assert f"0.2.0 {digest}" in page.text


def test_a_sample_is_called_one(income: Example, evaluate_step: Run, tmp_path: Path) -> None:
    frame = pd.read_parquet(income.test_data)
    pd.concat([frame] * 200).to_parquet(tmp_path / "large")

    page, document = parse(evaluate_step(income, test_data=tmp_path / "large"))

    assert (document["rows"], document["rows_resampled"], document["rows_shuffled"]) == (
        12000,
        10000,
        2000,
    )
    assert any("1000 resamples of a sample of 10000 rows" in text for text in page.text)
    assert any("Measured on 2000 random rows" in text for text in page.text)


def test_a_slice_of_an_unknown_column_is_a_wrong_call(line: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(line, slices='["y"]')

    assert outcome.exit_code == 2
    assert "'y' is not a feature column of the test data; the features are x" in outcome.stderr
    assert not outcome.report.exists()
