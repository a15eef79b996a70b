"""The page: the document of numbers as HTML that needs no script, no network and no mouse."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from evaluate.measure.resampling import RESAMPLES
from evaluate.report import svg
from evaluate.report.curves import along, thin
from evaluate.report.metric_names import better, meaning
from evaluate.report.style import STYLE
from evaluate.report.summary import beside_all, summary
from evaluate.report.svg import Axes
from evaluate.report.tables import matrix, number, shown, span, table, verdict

_SHARE = (0.0, 1.0)
_CURVES = (
    ("roc", "ROC curve", "false positive rate", "true positive rate"),
    ("precision_recall", "Precision and recall", "recall", "precision"),
    ("calibration", "Calibration", "mean predicted probability", "share that came true"),
)
_COORDINATES = ("x", "y", "thresholds")
_TABLE_ROWS = 11

Document = dict[str, Any]


def page(document: Document) -> str:
    """Return the page as one HTML file; equal documents give equal bytes."""
    title = f"Evaluation of a model of {document['target']}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>\n"
        f"<h1>{escape(title)}: {verdict(document['passed'])}</h1>\n"
        f"<p>A {escape(document['task'])} on {document['rows']} test rows.</p>\n"
        f"{summary(document)}\n" + "\n".join(_sections(document)) + "\n</main></body></html>\n"
    )


def _sections(document: Document) -> Iterator[str]:
    yield _section("Checks", _checks(document))
    yield _section("Metrics", *_metrics(document))
    if "differences" in document:
        yield _section("Beside the champion", _champion(document))
    if document["task"] == "classification":
        yield _section("Classes", *_classes(document))
        yield _section("Curves", *_curves(document))
    else:
        yield _section("Errors", *_errors(document))
    yield _section("What the model looks at", _importance(document))
    if document["slices"]:
        yield _section("Parts of the data", *_slices(document))
    provenance = table("Provenance", ("what", "value"), document["provenance"].items())
    yield _section("Where it comes from", provenance)


def _section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def _checks(document: Document) -> str:
    rows = [
        (
            check["metric"],
            check["passed"],
            check["shown"],
            check["demand"],
            check.get("confidence"),
            check.get("reason") or check.get("note") or "",
        )
        for check in document["checks"]
    ]
    header = ("metric", "verdict", "value", "demanded", "confidence", "why")
    return table("Every check has to pass", header, rows)


def _metrics(document: Document) -> Iterator[str]:
    main = document["main_metric"]
    rows = [
        (each["name"], each["value"], span(each["low"], each["high"]), meaning(each["name"]))
        for each in sorted(document["metrics"], key=lambda each: each["name"] != main)
    ]
    interval = f"{100 * document['confidence_of_intervals']:.0f}% interval"
    yield table("On the test rows", ("metric", "value", interval, "what it is"), rows)
    yield from map(_paragraph, _about_metrics(document))


def _about_metrics(document: Document) -> Iterator[str]:
    floor = "; ".join(f"{name} {number(value)}" for name, value in document["baseline"].items())
    yield f"The best constant answer has: {floor}."
    if (positive := document["positive_class"]) is not None:
        yield f"Precision, recall and F1 are of the class {positive}, as are the curves."
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


def _paragraph(text: str) -> str:
    return f"<p>{shown(text)}</p>"


def _champion(document: Document) -> str:
    ours = {each["name"]: each["value"] for each in document["metrics"]}
    theirs = document["champion"]["metrics"]
    rows = [
        (
            each["name"],
            ours[each["name"]],
            theirs[each["name"]],
            each["value"],
            span(each["low"], each["high"]),
            better(each["name"], each["low"], each["high"]),
        )
        for each in document["differences"]
    ]
    header = ("metric", "this model", "champion", "difference", "interval", "this model is")
    caption = f"This model minus {document['champion']['uri']}, on the same rows"
    return table(caption, header, rows)


def _classes(document: Document) -> Iterator[str]:
    header = ("class", "rows", "precision", "recall", "F1")
    yield table("Each class", header, (tuple(each.values()) for each in document["classes"]))
    if hidden := document["classes_left_out"]:
        yield _paragraph(f"{hidden} classes of fewer rows are left out.")
    found = document["confusion"]
    hidden = found["labels_left_out"]
    caption = "Confusion matrix, rows of the test data"
    yield matrix(
        f"{caption}, without {hidden} classes that are confused less" if hidden else caption,
        found["labels"],
        found["counts"],
    )


def _curves(document: Document) -> Iterator[str]:
    if not any(document[key] for key, *_ in _CURVES):
        yield _paragraph("There are none, as the model gives no probabilities for these classes.")
    elif len(document["roc"]) > 1:
        yield _paragraph(
            "Of the most frequent classes, each against all others; calibration of the class that "
            "was predicted."
        )
    for key, title, x_name, y_name in _CURVES:
        if series := document[key]:
            figure = svg.lines(
                key, title, Axes(_SHARE, _SHARE, x_name, y_name), series, key != "precision_recall"
            )
            yield _pair(
                title,
                f"<div>{figure}{svg.legend(series)}</div>",
                _points(f"{title}, some points", x_name, y_name, series),
            )


def _points(caption: str, x_name: str, y_name: str, series: Sequence[Document]) -> str:
    most = _TABLE_ROWS if len(series) == 1 else _TABLE_ROWS // 2
    rows = []
    for each in series:
        some = along({key: each[key] for key in _COORDINATES if key in each}, most)
        points = zip(*some.values(), strict=True)
        rows += [(each["label"], *(round(value, 4) for value in point)) for point in points]
    header = ("class", x_name, y_name, "from probability")[: len(rows[0])]
    if len(series) == 1:
        return table(caption, header[1:], [row[1:] for row in rows])
    return table(caption, header, rows)


def _errors(document: Document) -> Iterator[str]:
    seen, title = document["predicted_against_true"], "Predicted against true"
    both = [*seen["x"], *seen["y"]]
    span = (min(both), max(both))
    rows = list(zip(thin(seen["x"], _TABLE_ROWS), thin(seen["y"], _TABLE_ROWS), strict=True))
    yield _pair(
        title,
        svg.points("predicted", title, Axes(span, span, "true", "predicted"), seen),
        table("Some rows", ("true", "predicted"), [(number(x), y) for x, y in rows]),
    )
    edges, counts = document["residuals"]["edges"], document["residuals"]["rows"]
    axes = Axes((edges[0], edges[-1]), (0.0, float(max(counts))), "predicted minus true", "rows")
    bins = [
        (f"{number(low)} to {number(high)}", count)
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    yield _pair(
        "Residuals",
        svg.bars("residuals", "Residuals", axes, edges, counts),
        table("Rows by error", ("predicted minus true", "rows"), bins),
    )


def _importance(document: Document) -> str:
    if not document["importance"]:
        return _paragraph("Not measured, as the table has too many columns.")
    rows = [(each["column"], each["mean"], each["std"]) for each in document["importance"]]
    metric = document["main_metric"]
    sample = f"on {document['rows_shuffled']} random rows"
    if document["rows_shuffled"] == document["rows"]:
        sample = "on the test rows"
    caption = f"By how much {metric} worsens where a column is shuffled, {sample}"
    return table(caption, ("column", "mean", "standard deviation"), rows)


def _slices(document: Document) -> Iterator[str]:
    main = document["main_metric"]
    others = [each["name"] for each in document["metrics"] if each["name"] != main]
    rows = [
        (
            f"{each['column']}: {each['value']}",
            each["rows"],
            each["metrics"].get(main),
            span(each["low"], each["high"]),
            beside_all(document, each),
            *map(each["metrics"].get, others),
        )
        for each in document["slices"]
    ]
    yield table(
        "Metrics by slice", ("slice", "rows", main, "interval", "beside all rows", *others), rows
    )
    if hidden := document["slices_left_out"]:
        yield _paragraph(f"{hidden} more slices are left out.")


def _pair(title: str, figure: str, beside: str | Sequence[str]) -> str:
    return f'<h3>{escape(title)}</h3><div class="pair">{figure}{beside}</div>'
