"""Quick answers about a text column from its bytes, without looking at each text.

Most columns of a large table are plain numbers. For these the bytes say at once what a search
of each text would say a hundred times slower; a no means only that the texts are to be looked at.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pandas import Series

# So many digits may be a code.
CODE_DIGITS = 16


def only_bytes_between(column: Series, lowest: str, highest: str) -> bool:
    """Return whether no text is empty or has a byte outside the range."""
    data, bounds = _bytes_of(column)
    if np.count_nonzero(bounds[1:] == bounds[:-1]) != np.count_nonzero(column.isna()):
        return False
    return not data.size or bool(ord(lowest) <= data.min() and data.max() <= ord(highest))


def holds(column: Series, character: str) -> bool:
    """Return whether a text has the character of ASCII."""
    data, _ = _bytes_of(column)
    return bool((data == ord(character)).any())


def holds_digits(column: Series) -> bool:
    """Return whether a text has a digit."""
    data, _ = _bytes_of(column)
    return bool((data - np.uint8(ord("0")) <= 9).any())


def is_ascii(column: Series) -> bool:
    """Return whether all characters of all texts are those of ASCII."""
    data, _ = _bytes_of(column)
    return bool(data.max(initial=0) < 128)


def holds_no_codes(column: Series) -> bool:
    """Return whether no text begins with a zero and a further digit, or has 16 characters or more.

    A sign may come before the digits. Each text must be a number.
    """
    data, bounds = _bytes_of(column)
    if (bounds[1:] - bounds[:-1]).max(initial=0) >= CODE_DIGITS:
        return False
    # Two more than there are texts' bytes, as one looks at the next two.
    starts = np.zeros(len(data) + 2, bool)
    starts[bounds] = True
    zeros = (data[:-1] == ord("0")) & (data[1:] - np.uint8(ord("0")) <= 9) & ~starts[1:-2]
    signs = (data == ord("+")) | (data == ord("-"))
    first = (zeros & starts[:-3]).any()
    return not (first or (zeros[1:] & signs[:-2] & starts[:-4]).any())


def _bytes_of(column: Series) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
    """Return the bytes of all texts, and where each begins and the last ends.

    A missing text is empty.
    """
    array = pa.array(column)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    _, offsets, data = array.buffers()
    every = np.frombuffer(offsets, np.int64 if pa.types.is_large_string(array.type) else np.int32)
    bounds = every[array.offset : array.offset + len(array) + 1].astype(np.int64, copy=False)
    held = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    return held, bounds - bounds[0] if bounds[0] else bounds
