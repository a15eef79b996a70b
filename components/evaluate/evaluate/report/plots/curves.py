"""The curves of a classification with probabilities."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evaluate.report.plots.axes import fit, legend, line_style, named, shares
from evaluate.report.plots.canvas import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = dict[str, Any]
_DOT: dict[str, Any] = {"marker": "o", "markersize": 9, "linestyle": "none", "markeredgewidth": 2}


def roc(document: Document) -> "Figure":
    """Draw how many rows of the class are found over how many others are taken for it."""
    point = _chosen(document, "false_positive_rate", "recall")
    figure, axes = _curves(
        document["roc"], "false positive rate", "true positive rate", entries=1 + len(point)
    )
    _diagonal(axes, "guessing")
    _mark(axes, document, point)
    legend(axes)
    return figure


def precision_recall(document: Document) -> "Figure":
    """Draw how many of the rows taken for the class are of it, over how many are found."""
    point = _chosen(document, "recall", "precision")
    figure, axes = _curves(document["precision_recall"], "recall", "precision", entries=len(point))
    _mark(axes, document, point)
    if axes.get_legend_handles_labels()[1]:
        legend(axes)
    return figure


def calibration(document: Document) -> "Figure":
    """Draw how often the class came true over its probability."""
    series = document["calibration"]
    figure, axes = _curves(
        series, "probability given", "share that came true", entries=1, marker="o", markersize=5
    )
    _diagonal(axes, "perfect")
    legend(axes)
    return figure


def threshold(document: Document) -> "Figure":
    """Draw precision, recall and F1 over the probability from which the class is answered."""
    found = document["threshold"]
    figure, axes = named("probability from which the class is answered", "", entries=4)
    shares(axes)
    for place, name in enumerate(("precision", "recall", "f1")):
        axes.plot(found["x"], found[name], **line_style(place), label=name)
    if found["chosen"] is not None:
        at = found["chosen"]["threshold"]
        axes.axvline(
            at, color=COLOURS["text"], linewidth=1.5, label=f"this model answers from {at:.4g}"
        )
    legend(axes)
    return figure


def _curves(
    series: Sequence[Document], x_name: str, y_name: str, entries: int = 0, **style: Any
) -> tuple["Figure", "Axes"]:
    many = len(series) > 1
    figure, axes = named(x_name, y_name, entries=entries + (len(series) if many else 0))
    shares(axes)
    for place, each in enumerate(series):
        # With a space, because matplotlib leaves names out that begin with an underscore.
        name = re.sub("^_", " _", fit(each["label"])) if many else None
        axes.plot(each["x"], each["y"], **(line_style(place) | style), label=name)
    return figure, axes


def _diagonal(axes: "Axes", name: str) -> None:
    axes.plot([0, 1], [0, 1], color=COLOURS["soft"], linewidth=1, linestyle=(0, (3, 3)), label=name)


def _chosen(document: Document, x: str, y: str) -> list[tuple[float, float]]:
    """Return the point at which this model answers; nothing if it is not known."""
    chosen = document.get("threshold", {}).get("chosen")
    return [(chosen[x], chosen[y])] if chosen else []


def _mark(axes: "Axes", document: Document, points: Sequence[tuple[float, float]]) -> None:
    for x, y in points:
        at = document["threshold"]["chosen"]["threshold"]
        axes.plot(
            [x], [y], **_DOT, markerfacecolor=COLOURS["back"], markeredgecolor=COLOURS["text"],
            label=f"this model, from {at:.4g}",
        )  # fmt: skip
