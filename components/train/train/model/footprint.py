"""Whether the rows fit in memory: asked of their Parquet file's metadata, before they are read."""

from __future__ import annotations

from dataclasses import dataclass

import joblib
import pyarrow.parquet as pq

from pinion_step.memory import parquet_bytes, shortage
from pinion_step.parquet import read_metadata
from train.data.schema import Schema
from train.log import log
from train.model.preprocessing import MOST_ONE_HOT
from train.models import Family
from train.options import Options

# What the step takes beside its rows, in bytes: MLflow, and what few rows take as well; and what
# encoding and fitting take, in multiples of the numbers that come of it, those among them. Measured
# on 2026-11-28, 200,000 and a million rows of 20 columns, as in `benchmarks/README.md`: of the
# linear models ridge, which takes more; a forest of few trees. They only warn: nothing is refused
# for them.
START = 150_000_000
ESTIMATORS = {Family.LINEAR: 3.5, Family.FOREST: 3.0, Family.BOOSTING: 3.2}
NUMBER = 8  # bytes


@dataclass(frozen=True)
class Footprint:
    """Bytes that the step takes on top of what it has: in any case, and as a rule."""

    least: int
    likely: int


def check_memory(options: Options, schema: Schema, family: Family) -> None:
    """Raise StepError where the rows certainly do not fit, and warn where they may not.

    A file that cannot be read is left to the reader, which explains it.
    """
    file = read_metadata(options.train_data)
    if file is None:
        return
    needs = estimate(file, schema, family, _processes(options))
    table = f"{file.num_rows:,} rows of {len(schema.features)} features"
    warning = shortage(
        f"--train-data {options.train_data}", f"its {table}", needs.least, needs.likely
    )
    if warning:
        log(f"warning: {warning}, or another model than {options.model}")


def estimate(
    file: pq.FileMetaData, schema: Schema, family: Family, processes: int = 0
) -> Footprint:
    """Return what so many rows take; `processes` are those of a search, none without one."""
    rows, frame, kept = file.num_rows, parquet_bytes(file), parquet_bytes(file, shared=True)
    fit = int(ESTIMATORS[family] * rows * NUMBER * encoded_width(schema, family))
    # scikit-learn holds all rows and, of a fold, those to fit and those to measure at once.
    likely = START + frame + max(1, processes) * (kept + fit)
    fewest = rows * NUMBER * sum(feature.kind != "boolean" for feature in schema.features)
    # The last fit is of all rows. Of two folds, the fewest there are, each has half of them.
    least = max(frame, kept + fewest)
    if not processes:
        least = max(least, 2 * kept + fewest // 2)
    return Footprint(least, likely)


def encoded_width(schema: Schema, family: Family) -> int:
    """Return how many numbers a row becomes: as a rule, or kept of it where most are zeros."""
    width = len(schema.features)
    if family is Family.FOREST:
        width += sum(min(feature.distinct, MOST_ONE_HOT) for feature in schema.features)
    return width


def _processes(options: Options) -> int:
    if options.search is None:
        return 0
    return min(joblib.cpu_count(), options.search.trials * options.cv_folds)
