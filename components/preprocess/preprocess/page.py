"""The data report as a page, from the same numbers as the JSON."""

from collections.abc import Iterator
from html import escape
from typing import Any

from pinion_step.pages import answers, folded, html_page, number, paragraph, section, table

# Longer tables are folded.
_MANY = 20
_NAMED = 3
_CATEGORIES = 5
_CLASS = ("class", "train", "test", "share of the rows")
_COLUMN = ("column", "kind", "missing", "share")

Document = dict[str, Any]


def page(report: Document, schema: Document) -> str:
    """Return the page as one HTML file; equal documents give equal bytes.

    `report` and `schema` are the documents that the step writes as JSON.
    """
    title = f"Data to predict {schema['target']['name']}"
    body = "\n".join([answers(_summary(report, schema)), *_sections(report, schema)])
    return html_page(title, escape(title), body)


def _summary(report: Document, schema: Document) -> Iterator[tuple[str, str]]:
    rows = report["rows"]
    yield "Task", f"{schema['task']}, from {_count(len(schema['features']), 'feature')}"
    yield "Rows", f"{rows['read']} read: {rows['train']} to train, {rows['test']} to test"
    left_out = {"without a target": rows["without_target"], "repeated": rows["duplicates"]}
    counted = ", ".join(f"{count} {kind}" for kind, count in left_out.items() if count)
    yield "Left out", counted or "none"
    yield "Missing values", _missing(report["columns"])
    found = [each["severity"] for each in report["checks"]]
    warnings, notes = found.count("warning"), found.count("info")
    yield "Checks", f"{_count(warnings, 'warning')}, {_count(notes, 'note')}"


def _count(things: int, word: str) -> str:
    return f"{things} {word}{'' if things == 1 else 's'}"


def _missing(columns: list[Document]) -> str:
    lacking = [each for each in columns if each["missing"]]
    if not lacking:
        return "none"
    most = sorted(lacking, key=lambda each: -each["missing"])[:_NAMED]
    names = ", ".join(f"{each['name']} ({_percent(each['missing_share'])})" for each in most)
    return f"in {len(lacking)} of {len(columns)} columns, most in {names}"


def _sections(report: Document, schema: Document) -> Iterator[str]:
    yield section("What the checks found", *_checks(report["checks"]))
    if "classes" in report:
        rows = report["rows"]
        classes = [
            (str(each["label"]), each["train"], each["test"], _share(each, rows))
            for each in report["classes"]
        ]
        yield section("Classes", _long("Rows of each class", _CLASS, classes))
    columns = [
        (each["name"], each["kind"], each["missing"], _percent(each["missing_share"]))
        for each in report["columns"]
    ]
    notes = [_values(feature) for feature in schema["features"]]
    yield section("Columns", _long("Columns of both splits", _COLUMN, columns, notes))


def _checks(checks: list[Document]) -> Iterator[str]:
    if not checks:
        yield paragraph("Nothing.")
        return
    said = [(f"{each['severity']}: {each['check']}", each["message"]) for each in checks]
    yield answers(said[:_MANY])
    if more := said[_MANY:]:
        yield folded(f"More ({len(more)})", answers(more))


def _long(
    caption: str,
    header: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    notes: list[str] | None = None,
) -> str:
    whole = table(caption, header, rows, notes or ())
    return folded(f"{caption} ({len(rows)})", whole) if len(rows) > _MANY else whole


def _share(label: Document, rows: Document) -> str:
    return _percent((label["train"] + label["test"]) / (rows["train"] + rows["test"]))


def _percent(share: float) -> str:
    return f"{number(100 * share)}%"


def _values(feature: Document) -> str:
    """Return the range of a column, or some of its categories."""
    if "min" in feature:
        low, high = feature["min"], feature["max"]
        ends = [each if isinstance(each, str) else number(each) for each in (low, high)]
        return " to ".join(ends)
    if "distinct" not in feature:
        return ""
    some = feature.get("categories", [])[:_CATEGORIES]
    more = ", …" if len(feature.get("categories", some)) > len(some) else ""
    return f"{feature['distinct']} distinct{': ' if some else ''}{', '.join(some)}{more}"
