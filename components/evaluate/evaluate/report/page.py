"""The page: the document of numbers as HTML that needs no script, no network and no mouse."""

from collections.abc import Iterator
from html import escape
from typing import Any

from evaluate.measure.resampling import RESAMPLES
from evaluate.report.figures import curve_figures, error_figures
from evaluate.report.metric_names import better, meaning, name_of
from evaluate.report.style import FIGURES
from evaluate.report.summary import beside_all, summary
from evaluate.report.tables import matrix, span
from pinion_step.kfp.pages import folded, html_page, number, paragraph, section, table, verdict

# Columns that are named though the table of their importance is folded.
_FIRST = 3
# More classes than these are folded; the confusion matrix has them too.
_MANY = 10

Document = dict[str, Any]


def page(document: Document) -> str:
    """Return the page as one HTML file; equal documents give equal bytes."""
    title = f"Evaluation of a model of {document['target']}"
    heading = f"{escape(title)}: {verdict(document['passed'])}"
    about = paragraph(f"A {document['task']} on {document['rows']} test rows.")
    body = "\n".join([about, summary(document), *_sections(document)])
    return html_page(title, heading, body, FIGURES)


def _sections(document: Document) -> Iterator[str]:
    yield section("Checks", _checks(document))
    yield section("Metrics", *_metrics(document))
    if "differences" in document:
        yield section("Beside the champion", _champion(document))
    if document["task"] == "classification":
        yield section("Classes", *_classes(document))
        yield section("Curves", curve_figures(document))
    else:
        yield section("Errors", error_figures(document))
    yield section("What the model looks at", *_importance(document))
    if document["slices"]:
        yield section("Parts of the data", *_slices(document))
    yield section("Where it comes from", _provenance(document))


def _checks(document: Document) -> str:
    rows, notes = [], []
    for check in document["checks"]:
        rows.append((name_of(document, check["metric"]), check["passed"], check["shown"]))
        said = [f"demanded {check['demand']}"]
        if check.get("confidence") is not None:
            said.append(f"confidence {number(check['confidence'])}")
        notes.append("; ".join([*said, *filter(None, map(check.get, ("reason", "note")))]))
    return table("Every check has to pass", ("metric", "verdict", "value"), rows, notes)


def _metrics(document: Document) -> Iterator[str]:
    main = document["main_metric"]
    ordered = sorted(document["metrics"], key=lambda each: each["name"] != main)
    rows = [
        (name_of(document, each["name"]), each["value"], span(each["low"], each["high"]))
        for each in ordered
    ]
    interval = f"{100 * document['confidence_of_intervals']:.0f}% interval"
    meanings = [meaning(each["name"]) for each in ordered]
    yield table("On the test rows", ("metric", "value", interval), rows, meanings)
    yield from map(paragraph, _about_metrics(document))


def _about_metrics(document: Document) -> Iterator[str]:
    floor = "; ".join(f"{name} {number(value)}" for name, value in document["baseline"].items())
    yield f"The best constant answers have: {floor}."
    if (positive := document["positive_class"]) is not None:
        yield f"The curves are of the class {positive}, the positive one."
    elif document["task"] == "classification":
        yield "Precision, recall, F1 and ROC AUC are means over the classes."
    resampled = document["rows_resampled"]
    sample = "the rows" if resampled == document["rows"] else f"a sample of {resampled} rows"
    yield f"Intervals are where the metric is in 95% of {RESAMPLES} resamples of {sample}."
    if any(each["low"] is not None and each["low"] == each["high"] for each in document["metrics"]):
        yield (
            "An interval without a width says that these rows hold no such mistake, not that "
            "there is none."
        )
    yield from document["left_out"]


def _champion(document: Document) -> str:
    ours = {each["name"]: each["value"] for each in document["metrics"]}
    theirs = document["champion"]["metrics"]
    rows, notes = [], []
    for each in document["differences"]:
        name, ends = each["name"], (each["low"], each["high"])
        rows.append((name_of(document, name), ours[name], theirs[name], each["value"]))
        notes.append(", ".join(filter(None, (better(name, *ends), _interval(*ends)))))
    header = ("metric", "this model", "champion", "difference")
    caption = f"This model minus {document['champion']['uri']}, on the same rows"
    return table(caption, header, rows, notes)


def _interval(low: float | None, high: float | None) -> str:
    return f"interval {span(low, high)}" if span(low, high) else ""


def _classes(document: Document) -> Iterator[str]:
    keys = ("label", "precision", "recall", "f1")
    rows = [tuple(each[key] for key in keys) for each in document["classes"]]
    notes = [f"{each['rows']} rows" for each in document["classes"]]
    each_class = table("Each class", ("class", "precision", "recall", "F1"), rows, notes)
    yield folded(f"Each class ({len(rows)})", each_class) if len(rows) > _MANY else each_class
    if hidden := document["classes_left_out"]:
        yield paragraph(f"{hidden} classes of fewer rows are left out.")
    found = document["confusion"]
    hidden = found["labels_grouped"]
    caption = "Confusion matrix, rows of the test data"
    yield matrix(
        f"{caption}, without {hidden} classes that are confused less" if hidden else caption,
        found["labels"],
        found["counts"],
    )


def _importance(document: Document) -> Iterator[str]:
    found, metric = document["importance"], document["main_metric"]
    if not found:
        yield paragraph("Not measured, as the table has too many columns.")
        return
    sample = f"on {document['rows_shuffled']} random rows"
    if document["rows_shuffled"] == document["rows"]:
        sample = "on the test rows"
    first = ", ".join(
        f"{each['column']} ({number(each['mean'])})" for each in found[:_FIRST] if each["mean"] > 0
    )
    yield paragraph(f"Shuffling one column worsens {metric} most for: {first or 'none'}.")
    caption = f"By how much {metric} worsens where a column is shuffled, {sample}"
    rows = [(each["column"], each["mean"], each["std"]) for each in found]
    header = ("column", "mean", "standard deviation")
    yield folded(f"Importance of each column ({len(rows)})", table(caption, header, rows))


def _provenance(document: Document) -> str:
    rows = document["provenance"].items()
    return folded(
        f"Versions, parameters and data ({len(rows)})",
        table("Provenance", ("what", "value"), rows),
    )


def _slices(document: Document) -> Iterator[str]:
    main = document["main_metric"]
    others = [each["name"] for each in document["metrics"] if each["name"] != main]
    rows, notes, more = [], [], []
    for each in document["slices"]:
        name, measured = f"{each['column']}: {each['value']}", each["metrics"]
        rows.append((name, measured.get(main), beside_all(document, each)))
        said = [f"{each['rows']} rows", _interval(each["low"], each["high"])]
        notes.append(", ".join(filter(None, said)))
        more.append((name, *map(measured.get, others)))
    yield table("Metrics by slice", ("slice", main, "beside all rows"), rows, notes)
    if hidden := document["slices_left_out"]:
        yield paragraph(f"{hidden} more slices are left out.")
    header = ("slice", *(name_of(document, each) for each in others))
    yield folded("The other metrics", table("Other metrics by slice", header, more))
