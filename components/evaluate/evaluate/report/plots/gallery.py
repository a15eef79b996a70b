"""The gallery: every figure that a document of numbers gives, by its name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evaluate.report.plots import curves, dots, errors, heat_map, training
from evaluate.report.plots.output import left_out

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = dict[str, Any]

# The name, the key of the document that it needs, and the function that draws it.
_DRAWN: dict[str, tuple[str, Callable[[Document], "Figure"]]] = {
    "roc": ("roc", curves.roc),
    "precision_recall": ("precision_recall", curves.precision_recall),
    "threshold": ("threshold", curves.threshold),
    "calibration": ("calibration", curves.calibration),
    "confusion_matrix": ("confusion", heat_map.confusion_matrix),
    "classes": ("classes", dots.classes),
    "predicted_vs_actual": ("predicted_against_true", errors.predicted_vs_actual),
    "residuals": ("residuals", errors.residuals),
    "slices": ("slices", dots.slices),
    "importance": ("importance", dots.importance),
    "learning_curve": ("training", training.learning_curve),
}


def figures(document: Document) -> dict[str, "Figure"]:
    """Draw the figures that the document has numbers for, in the colours of a light page."""
    drawn = {}
    for name, (key, draw) in _DRAWN.items():
        # With two classes, the confusion matrix shows all that there is about each.
        if document.get(key) and (name != "classes" or len(document[key]) > 2):
            with left_out(name):
                drawn[name] = draw(document)
    return drawn
