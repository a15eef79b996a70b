"""Environment variables that are set for a while."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def set_for_a_while(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets them for the length of the body; then each is again what it was, or is not there."""
    before = {name: os.environ[name] for name in variables if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(before)
