"""The errors of a regression."""

from itertools import pairwise
from math import log
from typing import TYPE_CHECKING, Any

from evaluate.report.plots.axes import legend, named, numbers
from evaluate.report.plots.canvas import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = dict[str, Any]


def residuals(document: Document) -> "Figure":
    """Draw a bar for the rows of each range of errors."""
    found = document["residuals"]
    edges = found["edges"]
    figure, axes = named("error: predicted minus true", "rows", height=210)
    widths = [high - low for low, high in pairwise(edges)]
    axes.bar(
        edges[:-1], found["rows"], widths, align="edge", color=COLOURS["c0"],
        edgecolor=COLOURS["back"], linewidth=0.7,
    )  # fmt: skip
    axes.axvline(0, color=COLOURS["text"], linewidth=1.5)
    axes.grid(visible=False, axis="x")
    numbers(axes)
    return figure


def predicted_vs_actual(document: Document) -> "Figure":
    """Draw a dot for each row, or a cell for the rows of many, and where perfect ones lie."""
    found = document["predicted_against_true"]
    low, high = found["range"]
    figure, axes = named("true", "predicted", entries=1)
    room = 0.02 * (high - low or 2 * abs(low)) or 1.0
    axes.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    if found["cells"]:
        _cells(axes, found)
    else:
        axes.plot(
            found["x"], found["y"], "o", color=COLOURS["c0"], markersize=4, alpha=0.6,
            markeredgewidth=0,
        )  # fmt: skip
    axes.plot(
        [low, high], [low, high], color=COLOURS["text"], linewidth=1.2, linestyle=(0, (3, 3)),
        label="perfect: predicted = true",
    )  # fmt: skip
    numbers(axes)
    legend(axes)
    return figure


def _cells(axes: Any, found: Document) -> None:
    """Shade each cell of the grid by the logarithm of its rows."""
    from matplotlib.patches import Rectangle

    low, high = found["range"]
    size = (high - low) / found["grid"]
    most = log(1 + max(rows for _, _, rows in found["cells"]))
    for across, up, rows in found["cells"]:
        shade = 0.12 + 0.88 * log(1 + rows) / most
        place = (low + across * size, low + up * size)
        axes.add_patch(
            Rectangle(place, size, size, facecolor=COLOURS["c0"], alpha=shade, linewidth=0)
        )
