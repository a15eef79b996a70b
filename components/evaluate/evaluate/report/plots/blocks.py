"""The figures of the page, each with a title, a sentence, and the same as a folded table."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from evaluate.report.plots.dots import MOST
from evaluate.report.plots.output import inline_svg, left_out
from evaluate.report.plots.tables import TABLES
from evaluate.report.sentences import SENTENCES
from pinion_step.kfp.pages import folded, paragraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = dict[str, Any]

_TITLES = {
    "roc": "ROC curve",
    "precision_recall": "Precision and recall",
    "threshold": "Decision threshold",
    "calibration": "Calibration",
    "confusion_matrix": "Confusion matrix",
    "classes": "Recall of each class",
    "predicted_vs_actual": "Predicted and true",
    "residuals": "Residuals",
    "slices": "Slices",
    "importance": "Importance of the columns",
    "learning_curve": "Training",
}
# What one and many are called that a figure shows, and which it shows if there are too many.
_SHOWN = {
    "slices": ("slice", "slices", "the worst"),
    "classes": ("class", "classes", "those that are found least"),
    "importance": ("column", "columns", "those that cost most"),
}


def blocks(document: Document, drawn: Mapping[str, "Figure"], *names: str) -> str:
    """Return those of some figures that were drawn, beside each other where there is room."""
    found = "".join(_block(document, name, drawn[name]) for name in names if name in drawn)
    return f'<div class="figures">{found}</div>' if found else ""


def _block(document: Document, name: str, figure: "Figure") -> str:
    title, sentence = _title(document, name), SENTENCES[name](document)
    parts = [f"<h3>{escape(title)}</h3>", paragraph(sentence)]
    with left_out(name):
        parts.append(
            inline_svg(figure, name, title, f"{sentence} The table below has its numbers.")
        )
    parts += [paragraph(each) for each in _more(document, name)]
    parts.append(folded("The same as a table", TABLES[name](document)))
    return f'<div class="block">{"".join(parts)}</div>'


def _title(document: Document, name: str) -> str:
    title = _TITLES[name]
    if name == "learning_curve" and document["training"]["trials"]:
        return "Trials of the search"
    return title


def _more(document: Document, name: str) -> Iterable[str]:
    if name not in _SHOWN:
        return
    one, many, which = _SHOWN[name]
    if (count := len(document[name])) > MOST:
        yield f"The figure has {MOST} of {count} {many}: {which}."
    if more := document.get(f"{name}_left_out", 0):
        yield f"1 more {one} is left out." if more == 1 else f"{more} more {many} are left out."
    if name == "importance":
        rows, all_rows = document["rows_shuffled"], document["rows"]
        sample = "the test rows" if rows == all_rows else f"{rows} random rows"
        yield f"Measured on {sample}; a thin line goes from the least to the most of the shuffles."
