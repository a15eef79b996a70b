"""The first screen: the verdict in a sentence, and the metrics that matter as cards."""

from collections.abc import Iterator
from html import escape
from typing import Any

from evaluate.report.metric_names import better, meaning, measured, name_of, value_of
from evaluate.report.tables import span
from pinion_step.kfp.pages import number, shown, verdict

_LEAST = 4
_MORE = {
    "classification": ("balanced_accuracy", "roc_auc", "f1", "log_loss"),
    "regression": ("r2", "mae", "median_absolute_error"),
}

Document = dict[str, Any]


def first_screen(document: Document) -> str:
    """Return the verdict, what was measured on which rows, and a card for each main metric."""
    word = "pass" if document["passed"] else "fail"
    about = f"A {document['task']} of {document['target']}, on {document['rows']} test rows."
    if (positive := document["positive_class"]) is not None:
        about += f" The positive class is “{positive}”."
    cards = "".join(_card(document, name) for name in card_metrics(document))
    return (
        f'<p class="verdict {word}-box"><strong>{verdict(document["passed"])}</strong> '
        f"{shown(_said(document))}</p>"
        f'<p class="about">{shown(about)}</p><ul class="cards">{cards}</ul>'
    )


def card_metrics(document: Document) -> list[str]:
    """Return the main metric, those that are checked, and more of the usual ones up to a few."""
    names = [document["main_metric"], *(check["metric"] for check in document["checks"])]
    found = list(dict.fromkeys(names))
    for name in _MORE[document["task"]]:
        if len(found) < _LEAST and name not in found and value_of(document, name) is not None:
            found.append(name)
    return found


def _said(document: Document) -> str:
    checks = document["checks"]
    failed = [check for check in checks if not check["passed"]]
    if not failed:
        every = {1: "The check", 2: "Both checks"}.get(len(checks), f"All {len(checks)} checks")
        return f"{every} passed."
    missed = "; ".join(_missed(document, check) for check in failed)
    count = "The check" if len(checks) == 1 else f"{len(failed)} of {len(checks)} checks"
    return f"{count} failed: {missed}."


def _missed(document: Document, check: Document) -> str:
    said = f"{name_of(document, check['metric'])} is {check['shown']}"
    if check.get("reason"):
        return f"{said}: {check['reason']}"
    return f"{said}, must be {check['demand']}"


def _card(document: Document, name: str) -> str:
    value = value_of(document, name)
    checks = [check for check in document["checks"] if check["metric"] == name]
    lines = [f'<p class="name">{shown(name_of(document, name))}</p>']
    lines.append(f'<p class="value">{"not computed" if value is None else number(value)}</p>')
    lines += [f"<p>{each}</p>" for each in _lines(document, name, checks)]
    lines.append(f'<p class="meaning">{escape(meaning(name))}</p>')
    passed = all(check["passed"] for check in checks)
    state = "" if not checks else " pass-box" if passed else " fail-box"
    return f'<li class="card{state}">{"".join(lines)}</li>'


def _lines(document: Document, name: str, checks: list[Document]) -> Iterator[str]:
    """Yield the interval, the distance to each limit, and what a constant and the champion have."""
    found = measured(document, name)
    if found and found["low"] is not None:
        percent = f"{100 * document['confidence_of_intervals']:.0f}%"
        yield f"{percent} interval {span(found['low'], found['high'])}"
    for check in checks:
        yield f"{verdict(check['passed'])}: {shown(distance(check))}"
    floor = document["baseline"].get(name)
    if found and floor is not None and not any(map(_is_baseline, checks)):
        word = _beside_constant(found, floor)
        yield f"best constant answer {number(floor)}: the model is {word}"
    if champion := beside_champion(document, name):
        yield shown(champion)


def _beside_constant(metric: Document, floor: float) -> str:
    """Return whether all of the metric's interval is better than the best constant answer."""
    ends = [metric["value"] if metric[end] is None else metric[end] for end in ("low", "high")]
    word = better(metric["name"], ends[0] - floor, ends[1] - floor)
    return "not clearly better" if word == "unclear" else f"clearly {word}"


def _is_baseline(check: Document) -> bool:
    return bool(check.get("baseline"))


def distance(check: Document) -> str:
    """Return how far a value is from its limit, in words."""
    value, limit = check["value"], check["threshold"]
    if value is None:
        return "not computed"
    if limit is None:
        return str(check.get("reason") or check.get("note"))
    kind = "limit of the champion" if "champion" in check else "threshold"
    kind = "best constant answer" if _is_baseline(check) else kind
    if value == limit:
        return f"equal to the {kind} {number(limit)}"
    side = "above" if value > limit else "below"
    said = f"{number(abs(value - limit))} {side} the {kind} {number(limit)}"
    return f"{said}, but {check['reason']}" if check.get("reason") else said


def beside_champion(document: Document, name: str) -> str:
    """Return whether the model is better than the champion in a metric; empty without one."""
    found = next((each for each in document.get("differences", ()) if each["name"] == name), None)
    if not found:
        return ""
    theirs = number(document["champion"]["metrics"][name])
    word = better(name, found["low"], found["high"])
    if found["low"] is None:
        word = better(name, found["value"], found["value"])
    by = f"difference {found['value']:+.3g}"
    if interval := span(found["low"], found["high"]):
        by += f", interval {interval}"
    said = {"better": "better", "worse": "worse", "unclear": "not clearly better or worse"}[word]
    return f"champion {theirs}: the model is {said} ({by})"
