"""Hypothesis strategies for damaged documents."""

from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

# Values that YAML and JSON can hold, and values that people write in the wrong place.
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "0", "-1", "1e999", "{{$.inputs}}", "../../etc/passwd", "a\nb", "\0", "ü"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


def _places(node: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    inner = [found for key, value in items for found in _places(value, (*place, key))]
    return [place, *inner] if place else inner


def _copy(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copy(value) for key, value in node.items()}
    return [_copy(value) for value in node] if isinstance(node, list) else node


@cache
def _parsed(text: str) -> Any:
    return yaml.safe_load(text)


@st.composite
def documents(draw: st.DrawFn, text: str) -> str:
    """Draw the YAML text with one to three entries replaced, renamed or removed."""
    document = _copy(_parsed(text))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(document)
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        node = document
        for key in path:
            node = node[key]
        change = draw(st.sampled_from(["replace", "rename", "remove"]))
        if change == "replace":
            node[last] = draw(VALUES)
        elif change == "rename" and isinstance(node, dict):
            node[draw(st.text(max_size=9))] = node.pop(last)
        else:
            del node[last]
    return yaml.safe_dump(document, allow_unicode=True)


@st.composite
def texts(draw: st.DrawFn, text: str) -> str:
    """Draw the text with a part of it removed, doubled or overwritten."""
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 200)))
    between = draw(
        st.sampled_from(["", text[start:end] * 2, "\t", ": ", "- [", "{", "&a *a", "\x07"])
    )
    return text[:start] + between + text[end:]


def damaged(text: str) -> st.SearchStrategy[str]:
    """Return a strategy for damaged documents and damaged texts."""
    return documents(text) | texts(text)
