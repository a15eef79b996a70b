"""Check from the metadata of a Parquet file whether a test split fits in memory."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pinion_step.console import log
from pinion_step.errors import StepError
from pinion_step.memory import available, held, in_words, parquet_bytes

# The memory of the step: START bytes for imports, the model and a block of rows, and COPIES times
# the test split. Measured on 2026-11-28 with 200,000 and a million rows of 20 columns, as in
# `benchmarks/README.md`. They only warn: nothing is refused because of them.
START = 300_000_000
COPIES = 2
# Of the available memory; above this share, a little more than expected would be too much.
SAFE_SHARE = 0.8
MORE = "give the step more memory (on a cluster: `memory` in the platform file) or fewer rows"


def check_memory(path: Path) -> None:
    """Raise `StepError` if the split cannot fit, and warn if it may not.

    A file that cannot be read is left to the reader, which explains it.
    """
    if not path.is_file():  # reading a pipe would wait for its writer
        return
    try:
        file = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError):
        return
    left = available()
    if left is None:
        return
    frame, now = parquet_bytes(file), held()
    there = f"there is room for {in_words(now + left)}"
    if frame > left:
        raise StepError(
            f"the test data {path} does not fit in memory: its {file.num_rows:,} rows need at "
            f"least {in_words(now + frame)}, {there}; {MORE}"
        )
    likely = START + COPIES * frame
    if likely > SAFE_SHARE * left:
        log(
            "evaluate",
            f"warning: the {file.num_rows:,} rows of the test data {path} may not fit in "
            f"memory: they need about {in_words(now + likely)}, {there}; {MORE}",
        )
