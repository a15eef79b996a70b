"""What the step does: read its inputs, return its outputs. Replace it with your own work."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pinion_step.errors import StepError


def count(dataset: Path, minimum_rows: int) -> dict[str, int]:
    """Return the numbers of rows and columns of a Parquet file.

    Raises `StepError` if the file cannot be read, or has fewer rows than `minimum_rows`.
    """
    try:
        table = pq.read_metadata(dataset)
    except (pa.ArrowException, OSError) as error:
        raise StepError(f"--dataset {dataset} is not a readable Parquet file: {error}") from error
    if table.num_rows < minimum_rows:
        raise StepError(
            f"--dataset {dataset} has {table.num_rows} rows, fewer than --minimum-rows"
            f" {minimum_rows}; give a larger table or a smaller minimum"
        )
    return {"rows": table.num_rows, "columns": table.num_columns}
