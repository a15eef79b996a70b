"""The summary at the top of the page: how good, how sure, for whom worse, made from what."""

from collections.abc import Iterator
from typing import Any

from evaluate.report.metric_names import better, beside_all, main, name_of
from evaluate.report.tables import span
from pinion_step.kfp.pages import answers, number

_WORST = 3

Document = dict[str, Any]


def summary(document: Document) -> str:
    """Return the list of questions and answers at the top of the page."""
    return answers(_answers(document))


def _answers(document: Document) -> Iterator[tuple[str, str]]:
    metric = main(document)
    floor = document["baseline"][metric["name"]]
    yield "How good", _beside_constant(document)
    yield "How sure", _certainty(document, metric, floor)
    failed = [check for check in document["checks"] if not check["passed"]]
    if failed:
        yield "Why failed", "; ".join(_failure(document, check) for check in failed)
    if "champion" in document:
        yield "Beside the champion", _champion(document)
    yield "For whom worse", _worse(document)
    made = document["provenance"]
    source = made.get("dataset source", "data of unknown source")
    yield "Made from", f"{source}, release {made['release']}, model {made['model']}"


def _beside_constant(document: Document) -> str:
    """Return the metrics that the best constant answers have too, the main one first."""
    measured = {each["name"]: each["value"] for each in document["metrics"]}
    shared = {name: low for name, low in document["baseline"].items() if name in measured}
    own = ", ".join(f"{name} {number(measured[name])}" for name in shared)
    return f"{own}; at best, a constant answer has {', '.join(map(number, shared.values()))}"


def _certainty(document: Document, metric: Document, floor: float) -> str:
    if metric["low"] is None:
        return "unknown: the metric has no interval on these rows"
    low, high = metric["low"], metric["high"]
    percent = f"{100 * document['confidence_of_intervals']:.0f}%"
    word = better(metric["name"], low - floor, high - floor)
    word = "which is not clearly better" if word == "unclear" else f"all {word}"
    interval = f"{percent} interval of {metric['name']} {span(low, high)}"
    return f"{interval} on {document['rows']} test rows, {word} than a constant answer"


def _champion(document: Document) -> str:
    champion = document["champion"]
    if champion["version"] is None:
        return "there is none yet"
    if "reason" in champion:
        return str(champion["reason"])
    (each,) = (each for each in document["differences"] if each["name"] == document["main_metric"])
    word = better(each["name"], each["low"], each["high"])
    word = "neither clearly better nor worse" if word == "unclear" else word
    by = f"{each['value']:+.4g}, interval {span(each['low'], each['high'])}"
    return f"{each['name']} is {word} than that of {champion['uri']} ({by})"


def _failure(document: Document, check: Document) -> str:
    name = name_of(document, check["metric"])
    said = f"{name} {check['shown']}, demanded {check['demand']}"
    return f"{said}: {check['reason']}" if check.get("reason") else said


def _worse(document: Document) -> str:
    name, parts = document["main_metric"], document["slices"]
    if not parts:
        return _worst_class(document)
    worse = [each for each in parts if beside_all(document, each) == "worse"]
    if not worse:
        return f"in none of the {len(parts)} slices clearly"
    worse.sort(key=lambda each: abs(each["metrics"][name] - main(document)["value"]), reverse=True)
    words = "; ".join(
        f"{each['column']} {each['value']} ({name} {number(each['metrics'][name])} on "
        f"{each['rows']} rows)"
        for each in worse[:_WORST]
    )
    more = len(worse) - _WORST
    return f"{words}; and {more} more slices" if more > 0 else words


def _worst_class(document: Document) -> str:
    if not document.get("classes"):
        return "not looked at: no slices were asked for"
    worst = min(document["classes"], key=lambda each: each["recall"])
    return (
        f"the class {worst['label']}, of which {number(100 * worst['recall'])}% of {worst['rows']} "
        "rows are found; no slices were asked for"
    )
