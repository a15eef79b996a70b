"""Whether a test split fits in memory: asked of its Parquet file's metadata, before it is read."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evaluate.errors import EvaluateError
from evaluate.memory import held, in_words, room

# What the step takes beside its rows, in bytes: imports, the model, what it makes of a block of
# rows; and of the rows, in frames. Measured on 2026-11-28, 200,000 and a million rows of 20
# columns, as in `benchmarks/README.md`. They only warn: nothing is refused for them.
START = 300_000_000
COPIES = 2
# Of the room; above it a little more than expected would be too much.
SAFE_SHARE = 0.8
MORE = "give the step more memory (on a cluster: `memory` in the platform file) or fewer rows"


def check_memory(path: Path) -> None:
    """Raises EvaluateError where the split certainly does not fit, and warns where it may not.

    What cannot be read is left to the reading.
    """
    if not path.is_file():  # a pipe would be waited for
        return
    try:
        file = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError):
        return
    left = room()
    if left is None:
        return
    frame, now = frame_bytes(file), held()
    there = f"there is room for {in_words(now + left)}"
    if frame > left:
        raise EvaluateError(
            f"the test data {path} does not fit in memory: its {file.num_rows:,} rows need at "
            f"least {in_words(now + frame)}, {there}; {MORE}"
        )
    likely = START + COPIES * frame
    if likely > SAFE_SHARE * left:
        print(
            f"evaluate: warning: the {file.num_rows:,} rows of the test data {path} may not fit in "
            f"memory: they need about {in_words(now + likely)}, {there}; {MORE}",
            file=sys.stderr,
        )


def frame_bytes(file: pq.FileMetaData) -> int:
    """At least so many bytes the table takes as a frame of pandas."""
    kinds = file.schema.to_arrow_schema().types
    return sum(_column_bytes(file, place, kind) for place, kind in enumerate(kinds))


def _column_bytes(file: pq.FileMetaData, place: int, kind: pa.DataType) -> int:
    if pa.types.is_primitive(kind):
        return file.num_rows * max(1, kind.bit_width // 8)
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        return 0
    groups = (file.row_group(number) for number in range(file.num_row_groups))
    stored = sum(group.column(place).total_uncompressed_size for group in groups)
    # In memory 8 bytes and the text, in the file 4 and the text, or less where texts repeat.
    return file.num_rows * 8 + max(0, stored - 4 * file.num_rows)
