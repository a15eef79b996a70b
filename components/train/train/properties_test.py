"""Whatever somebody writes into a flag: it is taken, or refused in one line before any work."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pinion_step.errors import WrongCallError
from train.__main__ import parse_options

FLAGS = ("--model-params", "--search", "--seed", "--cv-folds", "--experiment-parameters")
words = st.sampled_from(["max_iter", "trials", "method", "halving", "space", "metric", "accuracy"])
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | words,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(words | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
texts = (
    st.text(max_size=40) | documents.map(json.dumps) | documents.map(lambda d: json.dumps(d)[1:])
)
paths = [
    f"--{name}=/nowhere/{name}"
    for name in ("train-data", "schema", "trained-model", "run-id", "model-id", "metrics")
]


# A failure here must be one of the change that is tested.
@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(FLAGS), texts), max_size=3))
def test_flags(given_flags: list[tuple[str, str]]) -> None:
    try:
        parsed = parse_options([*paths, *(f"{flag}={text}" for flag, text in given_flags)])
    except WrongCallError:
        return
    assert parsed.cv_folds >= 2
    assert parsed.seed >= 0
