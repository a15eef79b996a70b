"""Check from the metadata of a Parquet file, before it is read, whether its rows fit in memory."""

from __future__ import annotations

import joblib
import pyarrow.parquet as pq

from pinion_step.memory import parquet_bytes, shortage
from pinion_step.parquet import read_metadata
from train.data.schema import Schema
from train.log import log
from train.model.preprocessing import MOST_ONE_HOT
from train.models import Family
from train.options import Options

# The memory of the step beside its rows: START bytes for MLflow and everything that does not grow
# with the rows; and for encoding and fitting, multiples of the size of the encoded numbers, which
# are included. Measured on 2026-11-28 with 200,000 and a million rows of 20 columns, as in
# `benchmarks/README.md`: ridge, which takes more than the other linear model, and a forest of few
# trees. They only warn: nothing is refused because of them.
START = 150_000_000
ESTIMATORS = {Family.LINEAR: 3.5, Family.FOREST: 3.0, Family.BOOSTING: 3.2}
NUMBER = 8  # bytes


def check_memory(options: Options, schema: Schema, family: Family) -> None:
    """Raise `StepError` if the rows cannot fit, and warn if they may not.

    A file that cannot be read is left to the reader, which explains it.
    """
    file = read_metadata(options.train_data)
    if file is None:
        return
    processes = 0
    if options.search is not None:
        processes = min(joblib.cpu_count(), options.search.trials * options.cv_folds)
    least, likely = estimate(file, schema, family, processes)
    table = f"{file.num_rows:,} rows of {len(schema.features)} features"
    warning = shortage(f"--train-data {options.train_data}", f"its {table}", least, likely)
    if warning:
        log(f"warning: {warning}, or another model than {options.model}")


def estimate(
    file: pq.FileMetaData, schema: Schema, family: Family, processes: int = 0
) -> tuple[int, int]:
    """Return the bytes that the rows of a file take beyond what is taken now: least, and likely.

    `processes` are those of a search, 0 without one.
    """
    rows, frame, kept = file.num_rows, parquet_bytes(file), parquet_bytes(file, shared=True)
    fit = int(ESTIMATORS[family] * rows * NUMBER * encoded_width(schema, family))
    # At once in memory are all rows, and the rows that a fold fits and those that it measures.
    likely = START + frame + max(1, processes) * (kept + fit)
    fewest = rows * NUMBER * sum(feature.kind != "boolean" for feature in schema.features)
    # The last fit takes all rows. With two folds, the fewest, each fold has half of the rows.
    least = max(frame, kept + fewest)
    if not processes:
        least = max(least, 2 * kept + fewest // 2)
    return least, likely


def encoded_width(schema: Schema, family: Family) -> int:
    """Return how many numbers a row is encoded to; of a sparse row, those that are kept."""
    width = len(schema.features)
    if family is Family.FOREST:
        width += sum(min(feature.distinct, MOST_ONE_HOT) for feature in schema.features)
    return width
