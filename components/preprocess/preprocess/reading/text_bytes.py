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
    """The bytes of many texts, and where each begins and the last ends; a missing one is empty."""

    data: NDArray[np.uint8]
    bounds: NDArray[np.integer]
    missing: int


def only_bytes_between(column: Series, lowest: str, highest: str) -> bool:
    """Tell whether no text is empty or has a byte outside the range."""
    for texts in _chunks(column):
        if np.count_nonzero(texts.bounds[1:] == texts.bounds[:-1]) != texts.missing:
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
    if (texts.bounds[1:] - texts.bounds[:-1]).max() >= CODE_DIGITS:
        return False
    # Two more than there are texts' bytes, as one looks at the next two.
    starts = np.zeros(len(texts.data) + 2, bool)
    starts[texts.bounds] = True
    data = texts.data
    zeros = (data[:-1] == ord("0")) & (data[1:] - np.uint8(ord("0")) <= 9) & ~starts[1:-2]
    signs = (data == ord("+")) | (data == ord("-"))
    first = (zeros & starts[:-3]).any()
    return not (first or (zeros[1:] & signs[:-2] & starts[:-4]).any())


def _chunks(column: Series) -> Iterator[_Texts]:
    array = pa.array(column)
    for chunk in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
        if not len(chunk):
            continue
        _, offsets, data = chunk.buffers()
        wide = pa.types.is_large_string(chunk.type)
        every = np.frombuffer(offsets, np.int64 if wide else np.int32).astype(np.int64, copy=False)
        bounds = every[chunk.offset : chunk.offset + len(chunk) + 1]
        held = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
        held = held[bounds[0] : bounds[-1]]
        yield _Texts(held, bounds - bounds[0] if bounds[0] else bounds, chunk.null_count)
