"""The numbers of each figure as a table."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from evaluate.report.metric_names import beside_all, name_of, worst_slices
from evaluate.report.numbers.curves import along, thin
from evaluate.report.tables import matrix, span
from pinion_step.kfp.pages import number, table

_ROWS = 11
_COORDINATES = ("x", "y", "thresholds")

Document = dict[str, Any]


def _curve(title: str, key: str, x_name: str, y_name: str) -> Callable[[Document], str]:
    """Return a function from a document to a table of some points of a curve of it."""
    caption = f"{title}, some points"

    def points(document: Document) -> str:
        series: Sequence[Document] = document[key]
        most = _ROWS if len(series) == 1 else _ROWS // 2
        rows = []
        for each in series:
            some = along({name: each[name] for name in _COORDINATES if name in each}, most)
            places = zip(*some.values(), strict=True)
            rows += [(each["label"], *(round(value, 4) for value in place)) for place in places]
        header = ("class", x_name, y_name, "from probability")[: len(rows[0])]
        if len(series) == 1:
            return table(caption, header[1:], [row[1:] for row in rows])
        return table(caption, header, rows)

    return points


def _threshold(document: Document) -> str:
    found = document["threshold"]
    columns = (thin(found[name], _ROWS) for name in ("x", "precision", "recall", "f1"))
    rows = [tuple(round(value, 4) for value in row) for row in zip(*columns, strict=True)]
    header = ("from probability", "precision", "recall", "F1")
    return table("Decision threshold, some points", header, rows)


def _confusion(document: Document) -> str:
    found = document["confusion"]
    return matrix("Confusion matrix, rows of the test data", found["labels"], found["counts"])


def _classes(document: Document) -> str:
    keys = ("label", "precision", "recall", "f1")
    rows = [tuple(each[key] for key in keys) for each in document["classes"]]
    notes = [
        f"{each['rows']} rows, interval of recall {span(each['low'], each['high'])}"
        for each in document["classes"]
    ]
    return table("Each class", ("class", "precision", "recall", "F1"), rows, notes)


def _predicted(document: Document) -> str:
    found = document["predicted_against_true"]
    if not found["cells"]:
        rows = list(zip(thin(found["x"], _ROWS), thin(found["y"], _ROWS), strict=True))
        return table("Some rows", ("true", "predicted"), rows)
    (low, high), count = found["range"], found["grid"]
    size = (high - low) / count
    fullest = sorted(found["cells"], key=lambda cell: -cell[2])[:_ROWS]
    cells = [
        (span(low + x * size, low + (x + 1) * size), span(low + y * size, low + (y + 1) * size), n)
        for x, y, n in fullest
    ]
    return table("The cells with the most rows", ("true", "predicted", "rows"), cells)


def _residuals(document: Document) -> str:
    found = document["residuals"]
    bins = [
        (f"{number(low)} to {number(high)}", count)
        for (low, high), count in zip(pairwise(found["edges"]), found["rows"], strict=True)
    ]
    return table("Rows by error", ("predicted minus true", "rows"), bins)


def _slices(document: Document) -> str:
    main = document["main_metric"]
    others = [each["name"] for each in document["metrics"] if each["name"] != main]
    rows, notes = [], []
    for each in worst_slices(document):
        measured = each["metrics"]
        rows.append(
            (
                f"{each['column']}: {each['value']}",
                measured[main],
                beside_all(document, each),
                *map(measured.get, others),
            )
        )
        interval = span(each["low"], each["high"])
        notes.append(f"{each['rows']} rows" + (f", interval {interval}" if interval else ""))
    header = ("slice", main, "beside all rows", *(name_of(document, each) for each in others))
    return table("Metrics by slice, the worst first", header, rows, notes)


def _importance(document: Document) -> str:
    rows = [
        (each["column"], each["mean"], each["low"], each["high"]) for each in document["importance"]
    ]
    caption = f"By how much {document['main_metric']} worsens where a column is shuffled"
    return table(caption, ("column", "mean", "least", "most"), rows)


def _training(document: Document) -> str:
    found = document["training"]
    metric = f"cross-validated {found['metric']}"
    if found["trials"]:
        trials = [(each["number"], each["mean"]) for each in found["trials"]]
        return table("Trials of the search", ("trial", metric), trials)
    rows = [(f"{found['folds']} folds", found["mean"], found["std"])]
    return table("Cross-validation", ("rows of training", metric, "standard deviation"), rows)


TABLES: dict[str, Callable[[Document], str]] = {
    "roc": _curve("ROC curve", "roc", "false positive rate", "true positive rate"),
    "precision_recall": _curve("Precision and recall", "precision_recall", "recall", "precision"),
    "threshold": _threshold,
    "calibration": _curve("Calibration", "calibration", "probability given", "came true"),
    "confusion_matrix": _confusion,
    "classes": _classes,
    "predicted_vs_actual": _predicted,
    "residuals": _residuals,
    "slices": _slices,
    "importance": _importance,
    "learning_curve": _training,
}
