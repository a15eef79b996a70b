"""The page: the document of numbers as HTML that needs no script, no network and no mouse."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from evaluate.measure.resampling import RESAMPLES
from evaluate.report.cards import first_screen
from evaluate.report.metric_names import better, meaning, name_of
from evaluate.report.plots.blocks import blocks
from evaluate.report.style import STYLE
from evaluate.report.summary import summary
from evaluate.report.tables import span
from pinion_step.kfp.pages import folded, html_page, number, paragraph, section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OF_CLASSES = (
    "roc", "precision_recall", "threshold", "calibration", "confusion_matrix", "classes",
)  # fmt: skip

Document = dict[str, Any]


def page(document: Document, drawn: Mapping[str, "Figure"]) -> str:
    """Return the page as one HTML file; equal documents give equal bytes."""
    title = f"Evaluation of a model of {document['target']}"
    body = "\n".join([first_screen(document), summary(document), *_sections(document, drawn)])
    return html_page(title, escape(title), body, STYLE)


def _sections(document: Document, drawn: Mapping[str, "Figure"]) -> Iterator[str]:
    if document["task"] == "classification":
        yield section("How well it tells the classes apart", *_classes(document, drawn))
    else:
        yield section("Errors", blocks(document, drawn, "predicted_vs_actual", "residuals"))
    shown = blocks(document, drawn, "slices", "importance", "learning_curve")
    yield section("For whom, from what, and how it was trained", shown, *_no_importance(document))
    yield section("All numbers", *_numbers(document))


def _classes(document: Document, drawn: Mapping[str, "Figure"]) -> Iterator[str]:
    if not document["roc"]:
        yield paragraph("There are no curves: the model gives no probabilities for these classes.")
    elif len(document["roc"]) > 1:
        yield paragraph(
            "Curves are of the most frequent classes, each against all others, and the calibration "
            "is of the class that was predicted."
        )
    yield blocks(document, drawn, *_OF_CLASSES)


def _no_importance(document: Document) -> Iterator[str]:
    if not document["importance"]:
        yield paragraph(
            "The importance of the columns was not measured, as the table has too many of them."
        )


def _numbers(document: Document) -> Iterator[str]:
    yield folded(f"Checks ({len(document['checks'])})", _checks(document))
    yield folded(f"Metrics ({len(document['metrics'])})", *_metrics(document))
    if document.get("differences"):
        yield folded("Beside the champion", _champion(document))
    yield _provenance(document)


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
        yield f"Precision, recall, F1 and the curves are of the class {positive}, the positive one."
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


def _provenance(document: Document) -> str:
    rows = document["provenance"].items()
    return folded(
        f"Versions, parameters and data ({len(rows)})",
        table("Provenance", ("what", "value"), rows),
    )
