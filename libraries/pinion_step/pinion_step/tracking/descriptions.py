"""Descriptions on MLflow's pages, which show Markdown."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pinion_step.console import short
from pinion_step.errors import one_line

# The tag that MLflow shows as the description of a run or a logged model.
NOTE = "mlflow.note.content"
# Characters of a text in a description, which may have 8,000 with all of its texts.
_LONGEST = 500
# An underscore within a word is none.
_SIGNS = re.compile(r"[\\`*<>\[\]~|&#$]|(?<!\w)_|_(?!\w)")


@dataclass(frozen=True)
class Figure:
    """A metric with its interval, what it had to reach, and the champion's value on these rows.

    `demand` is such as `>= 0.9`, and empty if there was none; `limit` is the number in it.
    """

    metric: str
    value: float | None
    interval: tuple[float, float] | None = None
    demand: str = ""
    limit: float | None = None
    champion: float | None = None

    def __str__(self) -> str:
        between = f" ({' to '.join(map(_number, self.interval))})" if self.interval else ""
        return f"{plain(self.metric)} {self._value}{between}"

    @property
    def _value(self) -> str:
        if self.value is None:
            return "not computed"
        text = _number(self.value)
        is_close = self.limit not in (None, self.value) and _number(self.limit or 0.0) == text
        return short(self.value, self.limit) if is_close else text

    def cells(self) -> list[str]:
        """Return the cells of the figure's row; those without a value are empty."""
        champion = self.champion
        change = None if champion is None or self.value is None else self.value - champion
        return [
            plain(self.metric),
            self._value,
            " to ".join(map(_number, self.interval)) if self.interval else "",
            self.demand,
            "" if champion is None else _number(champion),
            "" if change is None else _number(change, "+"),
        ]


_HEADINGS = ("metric", "value", "95 % interval", "must be", "champion", "difference")


def figures(rows: Sequence[Figure]) -> str:
    """Return a table of figures, without the columns that are empty in every row; of none, ""."""
    if not rows:
        return ""
    cells = [figure.cells() for figure in rows]
    shown = [place for place in range(len(_HEADINGS)) if any(row[place] for row in cells)]
    return table(
        [_HEADINGS[place] for place in shown], ([row[place] for place in shown] for row in cells)
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its first column is text and the others are numbers."""
    rule = ["---", *("---:" for _ in headings[1:])]
    lines = [_spaced(headings), rule, *map(_spaced, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spaced(texts: Sequence[str]) -> list[str]:
    """Return cells with a space before all but the first, since the registry's pages leave none."""
    # In a name in backticks, HTML's entity would be shown as it is.
    first, *others = (text.replace("|", "\\|") for text in texts)
    return [first, *(f"&emsp;{text}" if text else "" for text in others)]


def code(text: str) -> str:
    """Return a text from the data as it is, even with Markdown's signs in it, in one line."""
    # A backtick would end it.
    return f"`{one_line(text, _LONGEST).replace('`', chr(39))}`"


def plain(text: str) -> str:
    """Return a text that has the name of a class in it, with Markdown's signs as they are."""
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", one_line(text, _LONGEST))


def run_page(experiment_id: str, run_id: str) -> str:
    """Return the address of a run within MLflow's pages."""
    return f"#/experiments/{experiment_id}/runs/{run_id}"


def artifact_page(experiment_id: str, run_id: str, path: str) -> str:
    """Return the address of an artifact of a run within MLflow's pages."""
    return f"{run_page(experiment_id, run_id)}/artifacts/{path}"


def _number(value: float, sign: str = "") -> str:
    if value == 0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:{sign}.4f}"
    return f"{value:{sign}.4g}" if abs(value) < 1e3 else f"{value:{sign},.0f}"


def with_section(description: str, title: str, text: str) -> str:
    """Put a section at the start of a description, in place of one with the same title."""
    others = re.sub(rf"^### {title}\n.*?(?=^### |\Z)", "", description, flags=re.S | re.M).strip()
    if others and not others.startswith("### "):
        # Without a title of its own, it would be a part of the section and be replaced with it.
        others = f"### Notes\n\n{others}"
    return f"### {title}\n\n{text}\n\n{others}".strip()
