"""The canvas: matplotlib, set up to draw the same figure on every machine in the page's colours."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# CSS pixels. So narrow that a phone of 360 pixels shows a figure without making it smaller.
WIDTH = 340
FONT = 12
# One unit of a figure is a pixel, because matplotlib writes SVG with 72 units to the inch.
UNITS = 72
# The colours of a light page, by the names of the page's CSS variables.
COLOURS = {
    "text": "#1b1f24",
    "soft": "#57606a",
    "back": "#ffffff",
    "line": "#d0d7de",
    "c0": "#0969da",
    "c1": "#bc4c00",
    "c2": "#116329",
    "c3": "#8250df",
    "c4": "#a40e26",
}
# Dashes tell lines apart without colour; the first line is whole.
DASHES = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (9, 3)))
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # texts stay texts, for screen readers and the reader's own font
    "svg.hashsalt": "pinion",  # the ids of equal figures are equal
    "text.parse_math": False,  # a `$` in a name is a character
    "font.family": ["DejaVu Sans"],
    "font.size": FONT,
    "text.color": COLOURS["text"],
    "axes.titlesize": FONT,
    "axes.titlelocation": "left",
    "axes.titlecolor": COLOURS["soft"],
    "axes.labelsize": FONT,
    "axes.labelcolor": COLOURS["soft"],
    "axes.edgecolor": COLOURS["soft"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": COLOURS["line"],
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.labelcolor": COLOURS["soft"],
    "ytick.labelcolor": COLOURS["soft"],
    "legend.frameon": False,
    "legend.handlelength": 3,
    "lines.linewidth": 2,
}
# Only the font that matplotlib brings is listed, so that a step neither looks for others nor lays
# out the same figure differently. A list of another version is ignored, and made anew.
_LIST_VERSION = "3.11.0"
_FONT_LIST = {
    "__class__": "FontManager",
    "_version": _LIST_VERSION,
    "_FontManager__default_weight": "normal",
    "default_size": None,
    "defaultFamily": {"ttf": "DejaVu Sans", "afm": "Helvetica"},
    "afmlist": [],
    "ttflist": [
        {
            "__class__": "FontEntry",
            "fname": "fonts/ttf/DejaVuSans.ttf",
            "index": 0,
            "name": "DejaVu Sans",
            "style": "normal",
            "variant": "normal",
            "weight": 400,
            "stretch": "normal",
            "size": "scalable",
        }
    ],
}


def canvas(
    height: float, left: float = 46, below: float = 40, above: float = 24, right: float = 12
) -> tuple["Figure", "Axes"]:
    """Return a figure of WIDTH and its axes, all in pixels; the others are the margins."""
    load()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / UNITS, height / UNITS))
    box = (
        left / WIDTH,
        below / height,
        (WIDTH - left - right) / WIDTH,
        (height - below - above) / height,
    )
    return figure, figure.add_axes(box)


@cache
def load() -> None:
    """Import what draws figures, which takes a third of a second, and set its style."""
    with _own_folder():
        import matplotlib.backends.backend_agg
        import matplotlib.backends.backend_svg
        import matplotlib.figure
        import matplotlib.font_manager
    matplotlib.rcdefaults()
    settings: Any = matplotlib.rcParams  # whose type has a literal for each name
    settings.update(_STYLE)


@contextmanager
def _own_folder() -> Iterator[None]:
    """Give matplotlib a folder for its list of fonts; else it writes to the home, or warns."""
    given = os.environ.get("MPLCONFIGDIR")
    with TemporaryDirectory(prefix="figures-") as folder:
        Path(folder, f"fontlist-v{_LIST_VERSION}.json").write_text(json.dumps(_FONT_LIST))
        os.environ["MPLCONFIGDIR"] = folder
        try:
            yield
        finally:
            del os.environ["MPLCONFIGDIR"]
            if given is not None:
                os.environ["MPLCONFIGDIR"] = given
