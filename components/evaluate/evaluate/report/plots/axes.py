"""What the axes of several plots have in common: ranges, names, legends and short labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evaluate.report.plots.canvas import COLOURS, DASHES, canvas
from pinion_step.errors import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ("c0", "c1", "c2", "c3", "c4")
_LEGEND_LINE = 18  # pixels
_LEGEND_WIDTH = 270
_LONGEST = 200  # characters
# Pixels of the characters; those of other scripts may be as wide as high.
_WIDTHS = (
    (4.0, "iljtf.,:;'|!()[] I/"),
    (8.6, "ABCDEFGHJKLNOPQRSTUVXYZ<>+=&#?%"),
    (7.4, 'abcdeghknopqrsuvxyz0123456789-_"'),
)
_WIDE = 11.5
_SIZES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def named(
    x_name: str, y_name: str, height: float = 260, entries: int = 0
) -> tuple["Figure", "Axes"]:
    """Return axes with names, of a height in pixels, and room for a legend below."""
    below = 40 + _LEGEND_LINE * entries + (8 if entries else 0)
    figure, axes = canvas(height + below + 24, below=below)
    axes.set_xlabel(x_name)
    axes.set_title(y_name)  # a name at the side would have to be read sideways
    return figure, axes


def shares(axes: "Axes", both: bool = True) -> None:
    """Let the axes go from 0 to 1, with a little room so that no line is cut in half."""
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axes.set(xlim=(-0.01, 1.01), xticks=ticks, xticklabels=["0", *map(str, ticks[1:-1]), "1"])
    if both:
        axes.set(ylim=(-0.01, 1.01), yticks=ticks, yticklabels=["0", *map(str, ticks[1:-1]), "1"])


def legend(axes: "Axes") -> None:
    """Put the legend below the axes, a line for each entry."""
    height = axes.get_window_extent().height
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.13, -44 / height), borderpad=0, labelspacing=0.5
    )


def line_style(place: int) -> dict[str, Any]:
    """Return the colour and the dashes of a line by its place among the lines."""
    return {"color": COLOURS[LINES[place % len(LINES)]], "linestyle": DASHES[place % len(DASHES)]}


def fit(text: object, width: float = _LEGEND_WIDTH) -> str:
    """Return a name of the data as one line of at most a width in pixels."""
    line = one_line(text, _LONGEST)
    if width_of(line) <= width:
        return line
    kept = len(line)
    while kept > 1 and width_of(line[:kept]) + _WIDE > width:
        kept -= 1
    return f"{line[:kept].rstrip()}…"


def width_of(text: str) -> float:
    """Return about how many pixels wide a text is."""
    return sum(next((size for size, held in _WIDTHS if each in held), _WIDE) for each in text)


def short(value: float, _: object = None) -> str:
    """Return a number in a few characters: 25k, 1.5M, 0.25."""
    size, name = next((each for each in _SIZES if abs(value) >= 10 * each[0]), (1, ""))
    if abs(value) >= 1e16:
        return f"{value:.2g}"
    return f"{value / size:.4g}{name}".replace("-", "\N{MINUS SIGN}")


def numbers(axes: "Axes", which: Sequence[str] = ("x", "y")) -> None:
    """Write the numbers at the axes short, at about four places."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for name in which:
        axis = getattr(axes, f"{name}axis")
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter(FuncFormatter(short))
