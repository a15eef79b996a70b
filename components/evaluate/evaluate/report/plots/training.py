"""What the training measured: the folds of the cross-validation, or the trials of a search."""

from typing import TYPE_CHECKING, Any

from evaluate.gate.thresholds import ERROR_METRICS
from evaluate.report.metric_names import main
from evaluate.report.plots.axes import legend, named, numbers
from evaluate.report.plots.canvas import COLOURS, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = dict[str, Any]


def learning_curve(document: Document) -> "Figure":
    """Draw the main metric of each trial and the best so far, or that of the folds and the test."""
    found = document["training"]
    return _trials(document, found) if found["trials"] else _folds(document, found)


def best_so_far(values: list[float], metric: str) -> list[float]:
    """Return the best of the first, of the first two, and so on."""
    best: list[float] = []
    pick = min if metric in ERROR_METRICS else max
    for value in values:
        best.append(pick(value, best[-1]) if best else value)
    return best


def _trials(document: Document, found: Document) -> "Figure":
    from matplotlib.ticker import MaxNLocator

    trials = found["trials"]
    metric = found["metric"]
    figure, axes = named("trial", f"cross-validated {metric}", height=200, entries=3)
    places = [each["number"] for each in trials]
    values = [each["mean"] for each in trials]
    axes.plot(places, values, "o", color=COLOURS["c0"], markersize=6, label="a trial")
    axes.plot(
        places, best_so_far(values, metric), color=COLOURS["c1"], drawstyle="steps-post",
        label="the best so far",
    )  # fmt: skip
    if metric == document["main_metric"]:
        axes.axhline(
            main(document)["value"], color=COLOURS["text"], linewidth=1.2, linestyle=(0, (4, 3)),
            label="on the test rows",
        )  # fmt: skip
    numbers(axes)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    legend(axes)
    return figure


def _folds(document: Document, found: Document) -> "Figure":
    test, metric = main(document), found["metric"]
    figure, axes = canvas(148, left=112, below=40, above=12)
    axes.set_xlabel(metric)
    rows = (
        (
            "folds of training",
            found["mean"],
            found["mean"] - found["std"],
            found["mean"] + found["std"],
        ),
        ("test rows", test["value"], test["low"], test["high"]),
    )
    for place, (_, value, low, high) in enumerate(rows):
        if low is not None:
            axes.plot([low, high], [place] * 2, color=COLOURS["c0"])
        axes.plot([value], [place], "o", color=COLOURS["c0"], markersize=8)
    axes.set(ylim=(1.6, -0.6))
    axes.set_yticks([0, 1], [name for name, *_ in rows])
    numbers(axes, ["x"])
    return figure
