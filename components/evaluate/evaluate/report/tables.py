"""The confusion matrix, and intervals as text."""

from collections.abc import Sequence

from pinion_step.pages import number, row_name, scrolling, shown


def span(low: float | None, high: float | None) -> str:
    """Return both ends of an interval as text; empty if there is none."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def matrix(caption: str, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Return a confusion matrix that shades each count by its share of the true label's rows."""
    head = "".join(f'<th scope="col" class="number">{shown(label)}</th>' for label in labels)
    body = "".join(
        f"<tr>{row_name(label)}{''.join(_shaded(count, sum(row)) for count in row)}</tr>"
        for label, row in zip(labels, counts, strict=True)
    )
    return scrolling(caption, f'<th scope="col">true \\ predicted</th>{head}', body)


def _shaded(count: int, whole: int) -> str:
    shade = 0.55 * count / whole if whole else 0.0
    return f'<td class="number" style="background:rgba(var(--fill),{shade:.2f})">{count}</td>'
