"""The values of some columns that do not fit their kind, found in one pass over the table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from preprocess.findings import MOST_EXAMPLES, examples
from preprocess.reading.batch import Batch
from preprocess.reading.kinds import Kind
from preprocess.reading.places import FROM_ONE, Places
from preprocess.reading.readings import Reading


@dataclass(frozen=True)
class Wanted:
    """How a column is read; `counted` is false if the first misfits are enough."""

    kind: Kind
    reading: Reading
    counted: bool


@dataclass
class Misfits:
    """How many values of a column do not fit, the first of them, and their rows."""

    count: int = 0
    first: list[tuple[str, int]] = field(default_factory=list)
    places: Places = FROM_ONE

    @property
    def values(self) -> list[str]:
        """The first values."""
        return [value for value, _ in self.first]

    @property
    def where(self) -> str:
        """The first values and their rows, as a message says them."""
        listed = [f"{examples([value])[0]!r} in row {row:,}" for value, row in self.first]
        return ", ".join(listed) + self.places.note

    def update(self, batch: Batch, name: str, wanted: Wanted) -> None:
        """Take a further batch into account."""
        if self.is_enough(wanted):
            return
        misfits = wanted.reading.misfits(batch.frame[name], wanted.kind)
        self.count += len(misfits)
        self.places = batch.places
        more = misfits.head(MOST_EXAMPLES - len(self.first))
        self.first += [(str(value), batch.row(int(place))) for place, value in more.items()]

    def is_enough(self, wanted: Wanted) -> bool:
        """Return whether nothing more is to be known."""
        return not wanted.counted and len(self.first) == MOST_EXAMPLES


def find_misfits(
    wanted: Mapping[str, Wanted], read: Callable[[], Iterable[Batch]]
) -> dict[str, Misfits]:
    """Return the misfits of each column; `read` reads the table, if there is a column at all."""
    found = {name: Misfits() for name in wanted}
    for batch in read() if wanted else ():
        for name, each in wanted.items():
            found[name].update(batch, name, each)
        if all(found[name].is_enough(each) for name, each in wanted.items()):
            break
    return found
