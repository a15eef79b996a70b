"""Prepare tables that hypothesis drew, and check what came back."""

import os
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings

from tests.preparing import Called, Preparation
from tests.written_tables import Table

# Examples of each slow test; 5000, before a release, take a quarter of an hour.
MANY = int(os.environ.get("PINION_EXAMPLES", "150"))
# The data is drawn, so it may look like a leak, an id or a constant.
ALLOWED = '--allowed-checks=["target_leak", "id_like", "rare_class", "constant"]'


def generated(examples: int) -> settings:
    """Return settings that draw the same examples in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        # A failure here must be due to the change that is tested.
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


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
