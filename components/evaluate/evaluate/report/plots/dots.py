"""Named values with their intervals: one line of text and one line of the plot for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluate.report.metric_names import beside_all, main, worst_slices
from evaluate.report.plots.axes import fit, numbers, short, width_of
from evaluate.report.plots.canvas import COLOURS, FONT, WIDTH, canvas
from pinion_step.kfp.pages import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 15
_PITCH = 34  # pixels for the two lines of each
_ROOM = WIDTH - 24  # pixels for a name and the remark beside it
_COLOUR = {"worse": "c4", "better": "c2", "unclear": "soft"}
_MARKER = {"worse": "v", "better": "^", "unclear": "o"}

Document = dict[str, Any]


@dataclass(frozen=True)
class Dot:
    """A named value; `low` and `high` are None if it has no interval."""

    name: str
    value: float
    low: float | None
    high: float | None
    remark: str
    word: str = "unclear"
    column: str = ""


def slices(document: Document) -> "Figure":
    """Draw the main metric of each slice against that of all rows, the worst first."""
    found = worst_slices(document)[:MOST]
    name = document["main_metric"]
    dots = [
        Dot(
            each["value"], each["metrics"][name], each["low"], each["high"],
            f"{short(each['rows'])} rows", beside_all(document, each), each["column"],
        )
        for each in found
    ]  # fmt: skip
    return _dot_plot(dots, name, main(document)["value"], name == "accuracy")


def classes(document: Document) -> "Figure":
    """Draw the recall of each class, the worst first."""
    found = sorted(document["classes"], key=lambda each: each["recall"])[:MOST]
    dots = [
        Dot(each["label"], each["recall"], each["low"], each["high"], f"{short(each['rows'])} rows")
        for each in found
    ]
    return _dot_plot(dots, "recall", None, True)


def importance(document: Document) -> "Figure":
    """Draw a bar for each column: how much the main metric worsens when it is shuffled."""
    found = document["importance"][:MOST]
    figure, axes = _lines(len(found), f"how much worse {document['main_metric']} is when shuffled")
    for place, each in enumerate(found):
        axes.barh(place + 0.72, each["mean"], 0.34, color=COLOURS["c0"], linewidth=0)
        axes.plot(
            [each["low"], each["high"]], [place + 0.72] * 2, color=COLOURS["text"], linewidth=1.5
        )
        _name(axes, place, each["column"], number(each["mean"]))
    _upright(axes, len(found), 0)
    numbers(axes, ["x"])
    return figure


def _upright(axes: "Axes", count: int, at: float) -> None:
    """Draw a line down the plot, in pieces so that it does not cross the names."""
    places = [place + 0.5 for place in range(count)]
    ends = [place + 0.45 for place in places]
    axes.vlines([at] * count, places, ends, color=COLOURS["text"], linewidth=1.2)


def _dot_plot(dots: Sequence[Dot], name: str, whole: float | None, is_share: bool) -> "Figure":
    figure, axes = _lines(len(dots), name if whole is None else f"{name}; line: all rows")
    for place, dot in enumerate(dots):
        colour = COLOURS[_COLOUR[dot.word]]
        if dot.low is not None and dot.high is not None:
            axes.plot([dot.low, dot.high], [place + 0.72] * 2, color=colour, linewidth=2)
        axes.plot([dot.value], [place + 0.72], _MARKER[dot.word], color=colour, markersize=7)
        _name(axes, place, dot.name, f"{number(dot.value)}, {dot.remark}", dot.column)
    if whole is not None:
        _upright(axes, len(dots), whole)
    numbers(axes, ["x"])
    if is_share:
        low, high = axes.get_xlim()
        axes.set_xlim(low, min(high, 1.01))
    return figure


def _lines(count: int, name: str) -> tuple["Figure", "Axes"]:
    figure, axes = canvas(_PITCH * count + 48, left=6, below=40, above=8, right=10)
    axes.set(ylim=(count, 0), yticks=[], xlabel=name)
    axes.spines["left"].set_visible(False)
    return figure, axes


def _name(axes: "Axes", place: int, name: str, remark: str, before: str = "") -> None:
    """Write the name at the left above its line of the plot, and the remark at the right.

    What is before the name is cut before the name itself, which tells the lines apart.
    """
    room = _ROOM - width_of(remark)
    if before:
        before = f"{fit(before, max(room - width_of(name), 0.4 * room))}: "
    across = axes.get_yaxis_transform()
    style: dict[str, Any] = {"transform": across, "va": "center", "fontsize": FONT}
    axes.text(0, place + 0.28, before + fit(name, room - width_of(before)), **style)
    axes.text(1, place + 0.28, remark, ha="right", color=COLOURS["soft"], **style)
