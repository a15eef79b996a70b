"""Check from the metadata of a Parquet file whether a test split fits in memory."""

from pathlib import Path

from pinion_step.console import log
from pinion_step.memory import parquet_bytes, shortage
from pinion_step.parquet import read_metadata

# The memory of the step: START bytes for imports, the model and a block of rows, and COPIES times
# the test split. Measured on 2026-11-28 with 200,000 and a million rows of 20 columns, as in
# `benchmarks/README.md`. They only warn: nothing is refused because of them.
START = 300_000_000
COPIES = 2


def check_memory(path: Path) -> None:
    """Raise `StepError` if the split cannot fit, and warn if it may not."""
    file = read_metadata(path)
    if file is None:
        return
    frame = parquet_bytes(file)
    warning = shortage(
        f"the test data {path}", f"its {file.num_rows:,} rows", frame, START + COPIES * frame
    )
    if warning:
        log("evaluate", f"warning: {warning}")
