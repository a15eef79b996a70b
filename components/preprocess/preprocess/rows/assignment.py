"""The second pass: which rows are kept, and on which side of the split each of them is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize

from pinion_step.errors import StepError
from preprocess.reading.batch import Batch
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import Label
from preprocess.reading.target import TargetType, Task
from preprocess.rows.split import count_codes, split
from preprocess.rows.survey import Survey, check_task
from preprocess.sketches.hashing import Hashes, combine, hash_column, hash_columns
from preprocess.sketches.number_column import NumberColumn
from preprocess.sketches.profiles import Codes, Rows, TableProfile
from preprocess.sketches.repetition import find_repeated

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ClassRows:
    """How many rows of a class are on each side."""

    label: Label
    train: int
    test: int


@dataclass(frozen=True)
class Assignment:
    """The side of each row, in the order of the dataset.

    `kept` leaves out rows without a target and repeated rows; `test` is true only for kept rows.
    `classes` is sorted by label, and empty in a regression.
    """

    kept: Mask
    test: Mask
    without_target: int
    duplicates: int
    classes: tuple[ClassRows, ...]


class _Classes:
    """Numbers labels in the order in which they are met."""

    def __init__(self, kind: TargetType) -> None:
        self._kind = kind
        self.labels: list[Label] = []
        self._numbers: dict[Label, int] = {}

    def encode(self, values: Series) -> Codes:
        """Return the number of each label, -1 where it is missing."""
        codes, labels = factorize(values)
        numbers = [self._number(label) for label in labels]
        return np.array([*numbers, -1], np.int32)[codes]

    def _number(self, value: float | str) -> int:
        label = value if isinstance(value, str) else int(value)
        if label not in self._numbers:
            self._numbers[label] = len(self.labels)
            self.labels.append(label)
        return self._numbers[label]


@dataclass(frozen=True)
class Numbered:
    """The rows of the dataset in their order: a hash of the features, and the number of the class.

    `codes` is -1 where the target is missing, and 0 elsewhere in a regression, which has no
    `labels`. `repeated` is true where an equal row came before.
    """

    hashes: Hashes
    codes: Codes
    repeated: Mask
    labels: tuple[Label, ...]

    @cached_property
    def kept(self) -> Mask:
        """Whether a row has a target and repeats no other."""
        return (self.codes >= 0) & ~self.repeated

    @property
    def without_target(self) -> int:
        """The number of rows without a target."""
        return int(np.count_nonzero(self.codes < 0))

    @property
    def duplicates(self) -> int:
        """The number of rows that have a target and repeat another."""
        return int(np.count_nonzero((self.codes >= 0) & self.repeated))

    def class_rows(self, chosen: Mask) -> list[int]:
        """Count the rows of each label among the chosen."""
        return count_codes(self.codes, chosen, len(self.labels)).tolist()[: len(self.labels)]


class Numbering:
    """Hashes and numbers the rows of the cleaned table, and takes them into a profile."""

    def __init__(self, survey: Survey, rows: int) -> None:
        """`rows` is how many the table has."""
        self._survey = survey
        self._classes = _Classes(survey.target_type)
        self._hashes = NumberColumn(rows, np.uint64)
        self._codes = NumberColumn(rows, np.int32 if self._classified else np.int8)
        # The targets that tell equal features apart; the classes do in a classification.
        self._targets = self._codes if self._classified else NumberColumn(rows, np.uint64)
        self.profile = TableProfile(survey.kinds, survey.task, rows)

    @property
    def classes(self) -> int:
        """How many classes were met."""
        return len(self._classes.labels)

    @property
    def _classified(self) -> bool:
        return self._survey.task is Task.CLASSIFICATION

    def update(self, batch: Batch) -> tuple[Rows, Hashes]:
        """Take a further batch into account; return it typed, and the hash of each row."""
        rows = typed_rows(batch, self._survey)
        if self._classified:
            rows = replace(rows, codes=self._classes.encode(rows.values))
        else:
            rows = replace(rows, codes=np.where(rows.values.isna(), -1, 0).astype(np.int32))
            self._targets.append(rows.targets)
        hashes = combine(rows.hashes, len(rows.values))
        self._hashes.append(hashes)
        self._codes.append(rows.codes)
        self.profile.update(rows)
        return rows, hashes

    def numbered(self) -> Numbered:
        """Return what was gathered.

        Raises StepError where no row is left, or there is one class only.
        """
        hashes, codes = self._hashes.values, self._codes.values
        repeated = find_repeated(hashes, self._targets.values)
        numbered = Numbered(hashes, codes, repeated, tuple(self._classes.labels))
        if not numbered.kept.any():
            raise StepError(f"--target: {self._survey.target!r} has no values")
        check_task(self._survey, numbered.labels)
        return numbered


def take_kept_rows(
    batches: Iterable[Batch], survey: Survey, numbered: Numbered, profile: TableProfile
) -> None:
    """Take only the rows that are kept into the profile."""
    codes = np.where(numbered.kept, numbered.codes, np.int32(-1))
    start = 0
    for batch in batches:
        stop = start + len(batch.frame)
        profile.update(replace(typed_rows(batch, survey), codes=codes[start:stop]))
        start = stop


def typed(batch: Batch, survey: Survey) -> tuple[DataFrame, Series]:
    """Return the features and the target in the types of their kinds."""
    features = {name: batch.feature(name, kind) for name, kind in survey.kinds.items()}
    frame = DataFrame(features, index=batch.frame.index, copy=False)
    return frame, batch.target(survey.target, survey.target_type)


def typed_rows(batch: Batch, survey: Survey) -> Rows:
    """Convert and hash a batch; the classes are still to be numbered."""
    features, values = typed(batch, survey)
    hashed_as = Kind.CATEGORICAL if survey.target_type is TargetType.STRING else Kind.NUMERIC
    return Rows(
        features=features,
        hashes=hash_columns(features, survey.kinds),
        values=values,
        targets=hash_column(values, hashed_as),
        codes=np.empty(0, np.int32),
    )


def assign(numbered: Numbered, survey: Survey, fraction: float, seed: int) -> Assignment:
    """Drop what cannot be used and split the rest.

    Raises StepError where too little is left to be split.
    """
    kept = numbered.kept
    # Not a mask: to choose all rows would copy them.
    chosen = slice(None) if kept.all() else kept
    test = np.zeros(len(kept), bool)
    test[chosen] = split(
        numbered.hashes[chosen],
        numbered.codes[chosen],
        fraction,
        seed,
        lambda n: _class_name(survey, numbered.labels[n : n + 1]),
    )
    return Assignment(
        kept=kept,
        test=test,
        without_target=numbered.without_target,
        duplicates=numbered.duplicates,
        classes=_count(numbered, test),
    )


def _class_name(survey: Survey, label: tuple[Label, ...]) -> str:
    if not label:
        return "--dataset: the table"
    return f"--target: the class {label[0]!r} of {survey.target!r}"


def _count(numbered: Numbered, test: Mask) -> tuple[ClassRows, ...]:
    labels = numbered.labels
    both, tests = numbered.class_rows(numbered.kept), numbered.class_rows(test)
    order = sorted(range(len(labels)), key=lambda n: labels[n])
    return tuple(ClassRows(labels[n], both[n] - tests[n], tests[n]) for n in order)
