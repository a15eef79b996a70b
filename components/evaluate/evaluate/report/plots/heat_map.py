"""The confusion matrix as a heat map."""

from typing import TYPE_CHECKING, Any

from evaluate.report.plots.axes import fit, short
from evaluate.report.plots.canvas import COLOURS, FONT, WIDTH, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = dict[str, Any]
_LABELS, _NUMBERED = 104, 136  # pixels at the left, for names and for names with numbers
_RIGHT = 8
_DIGIT = 7.4  # pixels
_TALLEST, _LEAST = 56, 13  # pixels of a cell
# With more classes, the cells have no room for a number, and the columns none for a name.
_WRITTEN = 7
_NAMED = 4
# A text on the darkest cell has enough contrast, in light and dark.
_DARKEST = 0.55


def confusion_matrix(document: Document) -> "Figure":
    """Draw a cell for each true label and predicted label, shaded by its share of the row."""
    found = document["confusion"]
    count = len(found["labels"])
    left = _NUMBERED if count > _NAMED else _LABELS
    across = (WIDTH - left - _RIGHT) / count
    down = max(_LEAST, min(_TALLEST, across))
    figure, axes = canvas(down * count + 64, left=left, below=40, right=_RIGHT)
    axes.set(xlim=(0, count), ylim=(count, 0), xlabel="predicted", title="true")
    axes.title.set(ha="right", x=-0.02)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for row, counts in enumerate(found["counts"]):
        _row(axes, row, counts, written=count <= _WRITTEN)
    _names(axes, found["labels"], across)
    return figure


def _row(axes: "Axes", row: int, counts: list[int], written: bool) -> None:
    from matplotlib.patches import Rectangle

    whole = sum(counts)
    for column, cell in enumerate(counts):
        place = (column + 0.02, row + 0.02)
        edge = COLOURS["soft"] if row == column else COLOURS["line"]
        if cell:
            shade = 0.06 + (_DARKEST - 0.06) * cell / whole
            axes.add_patch(
                Rectangle(place, 0.96, 0.96, facecolor=COLOURS["c0"], alpha=shade, linewidth=0)
            )
        if written or row == column:
            axes.add_patch(
                Rectangle(place, 0.96, 0.96, facecolor="none", edgecolor=edge, linewidth=0.8)
            )
        if written:
            axes.text(column + 0.5, row + 0.5, short(cell), ha="center", va="center", fontsize=FONT)


def _names(axes: "Axes", labels: list[str], across: float) -> None:
    places = [place + 0.5 for place in range(len(labels))]
    numbered = len(labels) > _NAMED
    names = [fit(each, _NUMBERED - 40 if numbered else _LABELS - 10) for each in labels]
    if not numbered:
        axes.set_xticks(places, [fit(each, across - 6) for each in labels])
        axes.set_yticks(places, names)
        return
    axes.set_yticks(places, [f"{name} ({place})" for place, name in enumerate(names, 1)])
    step = 1 if across >= 2.5 * _DIGIT else 5
    shown = [place for place in range(1, len(labels) + 1) if place % step == 0 or place == 1]
    axes.set_xticks([place - 0.5 for place in shown], [str(place) for place in shown])
