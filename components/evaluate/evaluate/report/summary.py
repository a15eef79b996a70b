"""The summary below the cards: beside the champion, for whom worse, made from what."""

from collections.abc import Iterator
from typing import Any

from evaluate.report.metric_names import beside_all, better, main
from evaluate.report.tables import span
from pinion_step.kfp.pages import answers, number

_WORST = 3

Document = dict[str, Any]


def summary(document: Document) -> str:
    """Return the list of questions and answers on the first screen."""
    return answers(_answers(document))


def _answers(document: Document) -> Iterator[tuple[str, str]]:
    if "champion" in document:
        yield "Beside the champion", _champion(document)
    yield "For whom worse", _worse(document)
    made = document["provenance"]
    source = made.get("dataset source", "data of unknown source")
    yield "Made from", f"{source}, release {made['release']}, model {made['model']}"


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
    return f"{words}; and {more} more slice{'s' * (more > 1)}" if more > 0 else words


def _worst_class(document: Document) -> str:
    if not document.get("classes"):
        return "not looked at: no slices were asked for"
    worst = min(document["classes"], key=lambda each: each["recall"])
    return (
        f"the class {worst['label']}, of which {number(100 * worst['recall'])}% of {worst['rows']} "
        "rows are found; no slices were asked for"
    )
