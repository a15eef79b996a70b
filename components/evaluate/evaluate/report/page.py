"""The page: the document of numbers as HTML that needs no script, no network and no mouse."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from evaluate.report import svg
from evaluate.report.curves import thin
from evaluate.report.style import STYLE
from evaluate.report.svg import Axes
from evaluate.report.tables import matrix, number, table, verdict

_SHARE = (0.0, 1.0)
_CURVES = (
    ("roc", "ROC curve", "false positive rate", "true positive rate"),
    ("precision_recall", "Precision and recall", "recall", "precision"),
    ("calibration", "Calibration", "mean predicted probability", "share that came true"),
)
_TABLE_ROWS = 11

Document = dict[str, Any]


def page(document: Document) -> str:
    """One HTML file; equal documents give equal bytes."""
    title = f"Evaluation of a model of {document['target']}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>\n"
        f"<h1>{escape(title)}: {verdict(document['passed'])}</h1>\n"
        f"<p>A {escape(document['task'])} on {document['rows']} test rows.</p>\n"
        + "\n".join(_sections(document))
        + "\n</main></body></html>\n"
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
    rows = list(document["provenance"].items())
    yield _section("Where it comes from", table("Provenance", ("what", "value"), rows))


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
    rows = [_with_interval(each) for each in document["metrics"]]
    percent = f"{100 * document['confidence_of_intervals']:.0f}%"
    header = ("metric", "value", f"{percent} from", "to")
    yield table(f"On the test rows, with {percent} bootstrap intervals", header, rows)
    floor = "; ".join(f"{name} {number(value)}" for name, value in document["baseline"].items())
    yield f"<p>The best constant answer has: {escape(floor)}.</p>"
    yield "".join(f"<p>{escape(note)}</p>" for note in document["left_out"])


def _with_interval(each: dict[str, Any]) -> tuple[Any, ...]:
    ends = [each["low"], each["high"]]
    return (each["name"], each["value"], *("unknown" if end is None else end for end in ends))


def _champion(document: Document) -> str:
    theirs = document["champion"]["metrics"]
    rows = [
        (each[0], theirs[each[0]], *each[1:])
        for each in map(_with_interval, document["differences"])
    ]
    header = ("metric", "champion", "difference", "from", "to")
    caption = f"This model minus {document['champion']['uri']}, on the same rows"
    return table(caption, header, rows)


def _classes(document: Document) -> Iterator[str]:
    rows = [tuple(each.values()) for each in document["classes"]]
    yield table("Each class", ("class", "rows", "precision", "recall", "F1"), rows)
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
        yield "<p>There are none, as the model gives no probabilities for these classes.</p>"
    for key, title, x_name, y_name in _CURVES:
        series = document[key]
        if series:
            figure = svg.lines(
                key, title, Axes(_SHARE, _SHARE, x_name, y_name), series, key != "precision_recall"
            )
            rows = [
                (each["label"], x, y)
                for each in series
                for x, y in zip(
                    thin(each["x"], _TABLE_ROWS), thin(each["y"], _TABLE_ROWS), strict=True
                )
            ]
            yield _pair(
                title,
                f"<div>{figure}{svg.legend(series)}</div>",
                table(f"{title}, some points", ("class", x_name, y_name), rows),
            )


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
        return "<p>Not measured, as the table has too many columns.</p>"
    rows = [(each["column"], each["mean"], each["std"]) for each in document["importance"]]
    metric = document["main_metric"]
    caption = f"By how much {metric} worsens where a column is shuffled (permutation importance)"
    return table(caption, ("column", "mean", "standard deviation"), rows)


def _slices(document: Document) -> Iterator[str]:
    names = [each["name"] for each in document["metrics"]]
    rows = [
        (f"{each['column']}: {each['value']}", each["rows"], *map(each["metrics"].get, names))
        for each in document["slices"]
    ]
    yield table("Metrics by slice", ("slice", "rows", *names), rows)
    if hidden := document["slices_left_out"]:
        yield f"<p>{hidden} more slices are left out.</p>"


def _pair(title: str, figure: str, beside: str | Sequence[str]) -> str:
    return f'<h3>{escape(title)}</h3><div class="pair">{figure}{beside}</div>'
