"""Where the rows of a table are in its source, so that messages can tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from json import loads

# Of the metadata of the dataset's file.
KEY = b"pinion.rows"


@dataclass(frozen=True)
class Places:
    """The number of the first row, and of the header, or 0 without one.

    `left_out` are the ascending numbers between them that are not rows of the table.
    """

    first: int = 1
    header: int = 0
    left_out: tuple[int, ...] = ()

    def number(self, place: int) -> int:
        """Return the number of a row in the source, by its place in the table from 0 on."""
        number = self.first + place
        for left_out in self.left_out:
            if left_out > number:
                break
            number += 1
        return number

    @property
    def note(self) -> str:
        """What a message says behind the numbers of rows."""
        return f" (the header is row {self.header})" if self.header else ""


FROM_ONE = Places()
PLAIN_CSV = Places(first=2, header=1)


def read_places(metadata: Mapping[bytes, bytes], is_text: bool) -> Places:
    """Return what `pull_data` recorded.

    It records nothing of a CSV whose first line is the header, and every column of a CSV is text.
    """
    try:
        found = loads(metadata[KEY])
        return Places(int(found["first"]), int(found["header"]), tuple(map(int, found["left_out"])))
    except (KeyError, TypeError, ValueError):
        return PLAIN_CSV if is_text else FROM_ONE
