"""The figures of the page, each with its title and the same as a folded table."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from evaluate.report import svg
from evaluate.report.curves import along, thin
from evaluate.report.svg import Axes
from pinion_step.pages import folded, number, paragraph, table

_SHARE = (0.0, 1.0)
_CURVES = (
    ("roc", "ROC curve", "false positive rate", "true positive rate"),
    ("precision_recall", "Precision and recall", "recall", "precision"),
    ("calibration", "Calibration", "mean predicted probability", "share that came true"),
)
_COORDINATES = ("x", "y", "thresholds")
_TABLE_ROWS = 11

Document = dict[str, Any]


def curve_figures(document: Document) -> str:
    """Return the curves of a classification, or why there are none."""
    if not any(document[key] for key, *_ in _CURVES):
        return paragraph("There are none, as the model gives no probabilities for these classes.")
    about = ""
    if len(document["roc"]) > 1:
        about = paragraph(
            "Of the most frequent classes, each against all others; calibration of the class that "
            "was predicted."
        )
    return about + _figures(
        _figure(
            title,
            svg.lines(
                key, title, Axes(_SHARE, _SHARE, x_name, y_name), series, key != "precision_recall"
            )
            + svg.legend(series),
            _points(f"{title}, some points", x_name, y_name, series),
        )
        for key, title, x_name, y_name in _CURVES
        if (series := document[key])
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


def error_figures(document: Document) -> str:
    """Return the predictions of a regression beside the truth, and their errors."""
    seen, title = document["predicted_against_true"], "Predicted against true"
    both = [*seen["x"], *seen["y"]]
    ends = (min(both), max(both))
    rows = zip(thin(seen["x"], _TABLE_ROWS), thin(seen["y"], _TABLE_ROWS), strict=True)
    edges, counts = document["residuals"]["edges"], document["residuals"]["rows"]
    axes = Axes((edges[0], edges[-1]), (0.0, float(max(counts))), "predicted minus true", "rows")
    bins = [
        (f"{number(low)} to {number(high)}", count)
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return _figures(
        [
            _figure(
                title,
                svg.points("predicted", title, Axes(ends, ends, "true", "predicted"), seen),
                table("Some rows", ("true", "predicted"), list(rows)),
            ),
            _figure(
                "Residuals",
                svg.bars("residuals", "Residuals", axes, edges, counts),
                table("Rows by error", ("predicted minus true", "rows"), bins),
            ),
        ]
    )


def _figures(figures: Iterable[str]) -> str:
    return f'<div class="figures">{"".join(figures)}</div>'


def _figure(title: str, drawing: str, beside: str) -> str:
    return f"<div><h3>{escape(title)}</h3>{drawing}{folded('The same as a table', beside)}</div>"
