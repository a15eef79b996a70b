"""Prepare tables that seeds give, and check what came back."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.preparing import Called, Preparation
from tests.written_tables import Table

# Examples of each fast test, and of the slow ones: 10,000, which take six minutes of a core. A
# table with faults has more to find, and takes half as long.
FEW = 150
MANY_WRITTEN, MANY_FAULTY = 2000, 8000
_CHUNKS = 10
# The data is drawn, so it may look like a leak, an id or a constant.
ALLOWED = '--allowed-checks=["target_leak", "id_like", "rare_class", "constant"]'


def seeds_of(many: int) -> pytest.MarkDecorator:
    """Give a test so many seeds, none of which a fast test has, in a few ranges."""
    return pytest.mark.parametrize(
        "seeds",
        [
            pytest.param(range(FEW + chunk, FEW + many, _CHUNKS), id=f"chunk {chunk + 1}")
            for chunk in range(_CHUNKS)
        ],
    )


def check_each(seeds: range, source: Path, check: Callable[[Random], None]) -> None:
    """Check the table of each seed, which is written to a file; that of a failure stays."""
    for seed in seeds:
        try:
            check(Random(seed))  # noqa: S311 - must be repeatable
        except AssertionError as error:
            kept = source.rename(source.with_name(f"seed-{seed}.csv"))
            raise AssertionError(f"the table of seed {seed}, which is {kept}: {error}") from error


def prepared(steps: Preparation, source: Path, table: Table, content: bytes) -> Called:
    """Write the content of a table and prepare it."""
    source.write_bytes(content)
    task = "classification" if table.columns[-1].kind == "categorical" else "regression"
    return steps.prepare(source, table.target, ALLOWED, f"--task={task}")


def assert_same(called: Called, table: Table) -> None:
    """Check that the table came back, with its kinds, values and rows."""
    assert called.code == 0, called.said
    features = table.columns[:-1]
    assert called.kinds == {column.name: column.kind for column in features}, called.said
    names = [column.name for column in table.columns]
    found = Counter(tuple(row[name] for name in names) for row in called.rows)
    assert found == table.rows(), called.said
    called.assert_read_alike()
