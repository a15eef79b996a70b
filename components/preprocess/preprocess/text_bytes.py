"""Quick answers about a text column from its bytes, without looking at each text.

Most columns of a large table are plain numbers. For these the bytes say at once what a search
of each text would say a hundred times slower; a no means only that the texts are to be looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pandas import Series

# So many digits cannot be told from a code.
CODE_DIGITS = 16


@dataclass(frozen=True)
class _Texts:
    """The bytes of many texts, and where each begins and ends; a missing text has no length."""

    data: NDArray[np.uint8]
    starts: NDArray[np.integer]
    lengths: NDArray[np.integer]
    missing: int


def only_bytes_between(column: Series, lowest: str, highest: str) -> bool:
    """Tell whether no text is empty or has a byte outside the range."""
    for texts in _chunks(column):
        if np.count_nonzero(texts.lengths == 0) != texts.missing:
            return False
        if texts.data.size and not (
            ord(lowest) <= texts.data.min() and texts.data.max() <= ord(highest)
        ):
            return False
    return True


def holds_no_codes(column: Series) -> bool:
    """Tell whether no text begins with a zero and a further digit, or has 16 characters or more.

    A sign may come before the digits. Each text must be a number.
    """
    return all(_no_codes(texts) for texts in _chunks(column))


def _no_codes(texts: _Texts) -> bool:
    if texts.lengths.max() >= CODE_DIGITS:
        return False
    data = texts.data
    further = data[1:] - np.uint8(ord("0")) <= 9
    pairs = np.flatnonzero((data[:-1] == ord("0")) & further)
    # One more than there are bytes, as the last texts may be empty.
    starts = np.zeros(len(data) + 1, bool)
    starts[texts.starts] = True
    before = data[pairs - 1]
    signs = starts[pairs - 1] & ((before == ord("+")) | (before == ord("-")))
    return not ((starts[pairs] | signs) & ~starts[pairs + 1]).any()


def _chunks(column: Series) -> Iterator[_Texts]:
    array = pa.array(column)
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    for chunk in chunks:
        if not len(chunk):
            continue
        wide = pa.types.is_large_string(chunk.type)
        _, offsets, data = chunk.buffers()
        ends = np.frombuffer(offsets, np.int64 if wide else np.int32)
        ends = ends[chunk.offset : chunk.offset + len(chunk) + 1]
        held = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
        yield _Texts(
            held[ends[0] : ends[-1]], ends[:-1] - ends[0], np.diff(ends), chunk.null_count
        )
