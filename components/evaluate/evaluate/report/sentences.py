"""One sentence beside each figure: what it shows for this model, with its numbers."""

from collections.abc import Callable
from typing import Any

from evaluate.report.metric_names import (
    beside_all,
    better,
    main,
    value_of,
    worst_slices,
)
from pinion_step.errors import one_line
from pinion_step.kfp.pages import number

_LONGEST = 40  # characters of a name in a sentence
_WORST = 3
# Of the range of the errors, what their mean may be without a leaning.
_NO_LEANING = 0.01
# Standard deviations of the folds beyond which a difference is not chance.
_BEYOND = 2

Document = dict[str, Any]


def roc(document: Document) -> str:
    """Say how well rows are ranked, and what the model makes of it."""
    curves = document["roc"]
    if len(curves) > 1:
        worst = min(curves, key=lambda each: each["area"])
        return (
            f"Each class against all others: of the {len(curves)} most frequent, "
            f"{_name(worst['label'])} is the hardest to tell apart, with an area of "
            f"{number(worst['area'])}; 0.5 is guessing."
        )
    area, label = curves[0]["area"], _name(curves[0]["label"])
    said = (
        f"In {_percent(area)} of pairs, a row of {label} is ranked above a row of the other class"
    )
    if chosen := document["threshold"].get("chosen"):
        false, found = _percent(chosen["false_positive_rate"]), _percent(chosen["recall"])
        said += f"; the model finds {found} of {label} and takes {false} of the others for it"
    return f"{said}."


def precision_recall(document: Document) -> str:
    """Say how precise the model is, beside guessing."""
    curves = document["precision_recall"]
    if len(curves) > 1:
        worst = min(curves, key=lambda each: each["area"])
        return (
            f"Average precision is lowest for {_name(worst['label'])}, {number(worst['area'])}, "
            f"where guessing has {number(worst['share'])}."
        )
    said = f"Average precision is {number(curves[0]['area'])}, and that of guessing "
    said += number(curves[0]["share"])
    if chosen := document["threshold"].get("chosen"):
        label = _name(curves[0]["label"])
        right, found = _percent(chosen["precision"]), _percent(chosen["recall"])
        said += f"; of the rows answered {label}, {right} are right, and {found} of all are found"
    return f"{said}."


def threshold(document: Document) -> str:
    """Say from which probability the model answers, and from which F1 is highest."""
    found = document["threshold"]
    best, chosen = found["best_f1"], found["chosen"]
    highest = f"F1 is highest, {number(best['f1'])}, from {number(best['threshold'])}"
    if not chosen:
        return f"The model does not answer by its probabilities alone; {highest}."
    return (
        f"The model answers {_name(found['label'])} from {number(chosen['threshold'])}, with "
        f"precision {number(chosen['precision'])} and recall {number(chosen['recall'])}; {highest}."
    )


def calibration(document: Document) -> str:
    """Say how far the probabilities are from what happened."""
    (curve,) = document["calibration"]
    pairs = list(zip(curve["x"], curve["y"], strict=True))
    given, true = max(pairs, key=lambda each: abs(each[0] - each[1]))
    mean = sum(abs(x - y) for x, y in pairs) / len(pairs)
    return (
        f"On average, probabilities are {100 * mean:.2g} percentage points from what came true. "
        f"The largest gap is at {_percent(given)}, where {_percent(true)} came true."
    )


def confusion_matrix(document: Document) -> str:
    """Say how many rows are right, and which mistake is the most frequent."""
    found = document["confusion"]
    said = f"{found['right']} of {document['rows']} rows are right"
    mistakes = [
        (count, true, predicted)
        for true, counts in zip(found["labels"], found["counts"], strict=True)
        for predicted, count in zip(found["labels"], counts, strict=True)
        if true != predicted
    ]
    count, true, predicted = max(mistakes, default=(0, "", ""), key=lambda each: each[0])
    if not count:
        return f"{said}."
    rows = "1 row" if count == 1 else f"{count} rows"
    return f"{said}; most often, {_name(true)} is taken for {_name(predicted)} ({rows})."


def classes(document: Document) -> str:
    """Say which class is found least."""
    found = document["classes"]
    worst = min(found, key=lambda each: each["recall"])
    low = sum(each["recall"] < 0.5 for each in found)
    return (
        f"{_name(worst['label'])} is found least: {_percent(worst['recall'])} of its "
        f"{worst['rows']} rows; of {low} of {len(found)} classes, less than half is found."
    )


def predicted_vs_actual(document: Document) -> str:
    """Say how much the model explains, and how near its predictions are."""
    near = value_of(document, "median_absolute_error")
    explained = value_of(document, "r2")
    said = "" if near is None else f"Half of the predictions are within {number(near)} of the truth"
    if explained is None:
        return f"{said}."
    if explained <= 0:
        return f"{said}; the model explains none of the target's variance."
    return f"{said}; the model explains {_percent(explained)} of the target's variance."


def residuals(document: Document) -> str:
    """Say how large the errors are, and whether they lean to one side."""
    found = document["residuals"]
    part, mean = found["percentiles"], found["mean"]
    said = f"90% of the errors are between {number(part['5'])} and {number(part['95'])}"
    if abs(mean) <= _NO_LEANING * (part["95"] - part["5"]):
        return f"{said}; they lean to neither side."
    way = "too high" if mean > 0 else "too low"
    return f"{said}; on average, predictions are {number(abs(mean))} {way}."


def slices(document: Document) -> str:
    """Say on which slices the model is clearly worse."""
    name, parts = document["main_metric"], worst_slices(document)
    whole = f"on all rows ({name} {number(main(document)['value'])})"
    worse = [each for each in parts if beside_all(document, each) == "worse"]
    if not worse:
        return f"In none of {len(parts)} slices is the model clearly worse than {whole}."
    named = "; ".join(
        f"{_name(each['column'])} {_name(each['value'])} ({number(each['metrics'][name])} on "
        f"{each['rows']} rows)"
        for each in worse[:_WORST]
    )
    count = f"{len(worse)} of {len(parts)} slices"
    return f"In {count} the model is clearly worse than {whole}: {named}."


def importance(document: Document) -> str:
    """Say which column matters most, and how many do not."""
    found, metric = document["importance"], document["main_metric"]
    first = found[0]
    none = sum(each["low"] <= 0 for each in found)
    if first["mean"] <= 0:
        return f"Shuffling no column makes {metric} worse."
    said = f"Shuffling {_name(first['column'])} worsens {metric} most, by {number(first['mean'])}"
    return f"{said}; {none} of {len(found)} columns may not matter." if none else f"{said}."


def learning_curve(document: Document) -> str:
    """Say what the best trial brought, or how the test rows compare with the folds."""
    found = document["training"]
    metric, mean, spread = found["metric"], found["mean"], found["std"]
    if trials := found["trials"]:
        middle = sorted(each["mean"] for each in trials)[len(trials) // 2]
        return (
            f"The best of {len(trials)} trials is number {found['best_trial']}, with a "
            f"cross-validated {metric} of {number(mean)}; the middle trial has {number(middle)}."
        )
    test = main(document)["value"]
    word = better(metric, test - mean - _BEYOND * spread, test - mean + _BEYOND * spread)
    said = {
        "unclear": "within what the folds vary by",
        "worse": "clearly worse than in the folds: the model may fit the training rows too closely",
        "better": "clearly better than in the folds",
    }[word]
    return (
        f"Over {found['folds']} folds of the training rows, {metric} is {number(mean)} ± "
        f"{number(spread)}; on the test rows it is {number(test)}, {said}."
    )


SENTENCES: dict[str, Callable[[Document], str]] = {
    each.__name__: each
    for each in (
        roc, precision_recall, threshold, calibration, confusion_matrix, classes,
        predicted_vs_actual, residuals, slices, importance, learning_curve,
    )
}  # fmt: skip


def _name(text: object) -> str:
    return one_line(text, _LONGEST)


def _percent(share: float) -> str:
    shown = 100 * share
    return f"{shown:.0f}%" if 1 <= shown <= 99 or shown in (0, 100) else f"{shown:.3g}%"
