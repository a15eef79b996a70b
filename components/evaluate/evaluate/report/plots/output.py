"""Figures as bytes: inline SVG for the page, and PNG for MLflow."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import IO, TYPE_CHECKING, Any

from evaluate.report.plots.canvas import COLOURS, UNITS, WIDTH
from pinion_step.console import log
from pinion_step.errors import one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PNG_DPI = 160
_NO_METADATA = ("Date", "Creator", "Format", "Type")
_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
_COLOUR = re.compile("|".join(_VARIABLES))
_SLIMMER = [
    (re.compile(pattern), kept)
    for pattern, kept in (
        (r' clip-path="[^"]*"', ""),
        (r'^<g id="[^"]*"', "<g"),
        (r"font-family: [^;\"]*;? ?", ""),
        (r"(\.\d\d)\d+", r"\1"),
        (r" ?rotate\(-?0[ )][^)\"]*\)?", ""),
        (r' transform=""', ""),
        (r"\s+", " "),
    )
]
_BODY = re.compile(r"</metadata>|<defs>\s*<style.*?</defs>", re.DOTALL)


@contextmanager
def left_out(name: str) -> Iterator[None]:
    """Warn and go on if a figure cannot be drawn; the verdict needs none."""
    try:
        yield
    except Exception as error:
        log("evaluate", f"warning: no plot {name}: {one_line(error, 200)}")


def as_png(figure: "Figure") -> bytes:
    """Return the figure as a PNG in the colours of a light page."""
    target = io.BytesIO()
    _save(figure, target, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return target.getvalue()


def inline_svg(figure: "Figure", key: str, title: str, description: str) -> str:
    """Return the figure as an element of a page, in the page's colours and font.

    `key` is part of every id, so that they differ between the figures of a page.
    """
    target = io.StringIO()
    _save(figure, target, format="svg", metadata=dict.fromkeys(_NO_METADATA))
    whole = target.getvalue()
    box = f'viewBox="0 0 {WIDTH} {figure.get_figheight() * UNITS:g}"'
    body = _BODY.split(whole, 1)[-1].rsplit("</svg>", 1)[0]
    return (
        f'<svg class="figure" role="img" {box} aria-labelledby="{key}-title" '
        f'aria-describedby="{key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(description)}</desc>{_slim(body, key)}</svg>'
    )


def _slim(body: str, key: str) -> str:
    """Leave out what a page does not need, and put its colours and ids in; keep the texts."""
    # Nothing is drawn outside of its axes, so nothing has to be cut off.
    body = re.sub(r"<defs>\s*<clipPath.*?</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]+>", lambda tag: _slim_tag(tag[0], key), body)
    return re.sub(r">\s+<", "><", body)


def _slim_tag(tag: str, key: str) -> str:
    for pattern, kept in _SLIMMER:
        tag = pattern.sub(kept, tag)
    tag = tag.replace('xlink:href="#', f'href="#{key}-').replace(' id="m', f' id="{key}-m')
    return _COLOUR.sub(lambda match: _VARIABLES[match[0]], tag)


def _save(figure: "Figure", target: IO[Any], **options: Any) -> None:
    with warnings.catch_warnings():
        # A name may have characters that matplotlib's own font lacks; the page has the reader's.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(target, **options)
