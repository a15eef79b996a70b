"""Whatever somebody writes as thresholds or slices: it is taken, or refused in one line."""

import json
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.__main__ import parse_request
from evaluate.gate.thresholds import parse_thresholds
from pinion_step.errors import StepError

words = st.sampled_from(
    ["accuracy", "rmse", "threshold", "greater_is_better", "min_absolute_change", "confidence"]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | words,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(words | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
texts = (
    st.text(max_size=40) | documents.map(json.dumps) | documents.map(lambda d: json.dumps(d)[1:])
)
# A failure here must be one of the change that is tested.
thorough = settings(max_examples=400, deadline=None, derandomize=True)


def refusal(parse: Callable[[str], object], text: str) -> StepError | None:
    """Return the message of the refusal, if there is one; any other error fails the test."""
    try:
        parse(text)
    except StepError as error:
        return error
    return None


@thorough
@given(texts)
def test_thresholds(text: str) -> None:
    if refused := refusal(parse_thresholds, text):
        assert refused.exit_code == 2
        assert "\n" not in str(refused)


def slices(text: str) -> tuple[str, ...]:
    needed = ["--model=m", "--test-data=t", "--result=r", "--test-metrics=n"]
    return parse_request([*needed, f"--slices={text}"]).slices


@thorough
@given(texts)
def test_slices(text: str) -> None:
    if refused := refusal(slices, text):
        assert refused.exit_code == 2
        assert "\n" not in str(refused)
