"""The profile of a table: how its columns are distributed, for comparison with a later table.

It is over all rows that are kept, train and test together, so neither the seed nor the test
fraction changes it. Equal rows in equal order give equal bytes, whatever batches and threads.

Counts, means, standard deviations and the ends of a range are exact. Quantiles are values of the
column: the k-th of 200 is the smallest that k / 200 of the values do not exceed. They are exact up
to 32,768 values (in wide tables, 2 million divided by the number of columns, and 1,024 at least).
Above that they are those of a random sample of half as many values or more, the same in every run.
The share of the values that are below the median is then off by 0.4 % of all values (one standard
error), and by less further out. Categories are counted exactly up to 1000 distinct ones; above that
their rows are estimated from a sample of a quarter the size, with an error of 0.8 % of all rows at
most.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pinion_step.formats.profile import Category, Column, Profile, Text
from preprocess.rows.assignment import Numbered
from preprocess.sketches.statistics import frequencies
from preprocess.writing import Written

# They divide the rows, which the profile is over as a whole.
_DIVIDING = ("seed", "test_fraction")


def table_profile(
    written: Written,
    numbered: Numbered,
    column_types: Mapping[str, str],
    metadata: Mapping[str, str],
) -> Profile:
    """Return the profile of the rows that were written; `metadata` is that of both splits."""
    lineage = json.loads(metadata["pinion.preprocess"])
    target = written.schema.target
    columns = {
        name: _as_asked(column, column_types.get(name)) for name, column in written.columns.items()
    }
    if target.classes is not None:
        columns[target.name] = _classes(numbered)
    return Profile(
        dataset=metadata.get("pinion.sha256", lineage["inputs"]["dataset"]),
        parameters=_hash_parameters(lineage, metadata.get("pinion.pull_data", "null")),
        rows=int(numbered.kept.sum()),
        target=target.name,
        task=written.schema.task.value,
        columns=columns,
    )


def _as_asked(column: Column, word: str | None) -> Column:
    is_text = word == "text" and isinstance(column, Category)
    return Text(column.rows, column.missing) if is_text else column


def _classes(numbered: Numbered) -> Category:
    counts = zip(map(str, numbered.labels), numbered.class_rows(numbered.kept), strict=True)
    rows = int(numbered.kept.sum())
    return frequencies("category", rows, rows, Counter(dict(counts)))


def _hash_parameters(lineage: Mapping[str, Any], pull_data: str) -> str:
    """Hash what decides how the data are read: by this step, an earlier schema, and pull_data."""
    parameters = {
        name: value for name, value in lineage["parameters"].items() if name not in _DIVIDING
    }
    reading = {
        "preprocess": parameters,
        "reference_schema": lineage["inputs"].get("reference_schema"),
        "pull_data": json.loads(pull_data),
    }
    text = json.dumps(reading, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
