"""The target: which task it poses, and its values in the type that the task asks for."""

from difflib import get_close_matches
from enum import Enum
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas import Series

from pinion_step.errors import StepError
from preprocess.reading.guess import KindGuess
from preprocess.reading.kinds import Kind, to_kind

# Whole numbers with more distinct values than this are measured, not labels.
MOST_NUMBERED_CLASSES = 20
_SHOWN_COLUMNS = 8
_WAY_ON = "; give one, or if these are no names, say how the file is written (delimiter, header)"
# Up to here a double holds every whole number.
MOST_EXACT = 1 << 53


class Task(Enum):
    """What is to be learned."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class TargetType(Enum):
    """The type of the target behind this step."""

    INTEGER = "integer"
    STRING = "string"
    DOUBLE = "double"


ARROW_TYPES = {
    TargetType.INTEGER: pa.int64(),
    TargetType.STRING: pa.string(),
    TargetType.DOUBLE: pa.float64(),
}


def check_target(target: str, columns: list[str]) -> None:
    """Raise `StepError` unless the target is a column, and not the only one."""
    if target not in columns:
        close = get_close_matches(target, columns, n=3, cutoff=0.5)
        shown = [*close, *(name for name in columns if name not in close)][:_SHOWN_COLUMNS]
        more = f" and {len(columns) - len(shown)} more" if len(columns) > len(shown) else ""
        raise StepError(
            f"--target: {target!r} is not a column; the columns are"
            f" {', '.join(map(repr, shown))}{more}{'' if close else _WAY_ON}"
        )
    if len(columns) == 1:
        raise StepError(f"--dataset: the only column is the target {target!r}; add features")


class TargetProfile:
    """What decides the task, gathered batch by batch."""

    def __init__(self, rows: int | None = None, kind: Kind | None = None) -> None:
        """`rows` is how many the table has; a `kind` is set rather than guessed."""
        self.guess = KindGuess(rows)
        self._kind = kind
        self._numbers: set[float] = set()
        self._fractional = False
        self._inexact = False

    def update(self, column: Series, numbers: Series | None) -> None:
        """Take a further batch of the cleaned target into account.

        `numbers` are those of a text column whose every value is one.
        """
        self.guess.update(column, numbers)
        if self.kind is Kind.NUMERIC:
            values = (self._plain_numbers(column) if numbers is None else numbers).dropna()
            self._fractional |= bool((values % 1 != 0).any())
            # Text that reads as the bound may be the number behind it: 9007199254740993.0
            bounds: Literal["both", "neither"] = "neither" if column.dtype == "str" else "both"
            exact = values.between(-MOST_EXACT, MOST_EXACT, inclusive=bounds)
            self._inexact |= not exact.all()
            if len(self._numbers) <= MOST_NUMBERED_CLASSES:
                self._numbers.update(values.unique())

    def _plain_numbers(self, column: Series) -> Series:
        markers = self.guess.seen_markers
        return to_kind(column.mask(column.isin(markers)) if markers else column, Kind.NUMERIC)

    @property
    def is_measured(self) -> bool:
        """Whether there are more numbers than classes would have, or fractions."""
        return self._fractional or len(self._numbers) > MOST_NUMBERED_CLASSES

    @property
    def kind(self) -> Kind | None:
        """The kind of the target's values, or None if there are none."""
        return self._kind if self._kind and self.guess.kind else self.guess.kind

    def task(self, name: str, asked: Task | None) -> Task:
        """Return the task that was asked for, or else the one that the values plainly pose.

        Raises `StepError` if the values do not suit the task, or if they do not decide it.
        """
        kind = self.kind
        if kind is None:
            raise StepError(f"--target: {name!r} has no values; choose another column")
        if kind is Kind.DATE:
            raise StepError(
                f"--target: {name!r} holds dates, which cannot be predicted; convert it to a number"
                " or a category in the source"
            )
        if asked is Task.REGRESSION and kind is not Kind.NUMERIC:
            raise StepError(
                f"--task: a regression needs a numeric target, but {name!r} is {kind.value}; use"
                " --task classification or choose another column"
            )
        return asked or self._plain_task(name, kind)

    def type(self, task: Task, earlier: TargetType | None) -> TargetType:
        """Return the type of the target's values in the given task.

        If labels were text in an earlier table, they stay text, even if those of this table all
        look like numbers. Whole numbers that a double may merge are text too.
        """
        if task is Task.REGRESSION:
            return TargetType.DOUBLE
        if earlier is TargetType.STRING:
            return TargetType.STRING
        whole = self.kind is Kind.NUMERIC and not (self._fractional or self._inexact)
        return TargetType.INTEGER if whole else TargetType.STRING

    def _plain_task(self, name: str, kind: Kind) -> Task:
        if kind is not Kind.NUMERIC:
            return Task.CLASSIFICATION
        if self.is_measured:
            return Task.REGRESSION
        if len(self._numbers) <= 2:
            return Task.CLASSIFICATION
        raise StepError(
            f"--target: {name!r} has {len(self._numbers)} distinct whole numbers, which may be"
            " classes or quantities; say --task classification or --task regression"
        )


def target_values(column: Series, kind: TargetType) -> Series:
    """Convert a cleaned target to its type; rows without a value keep a missing one.

    Whole numbers stay doubles here, as only those can be missing.
    """
    if kind is TargetType.STRING:
        if column.dtype == "str":
            return column
        return Series(pc.cast(pa.array(column), pa.string()), index=column.index, dtype="str")
    return to_kind(column, Kind.NUMERIC).astype(np.float64)
