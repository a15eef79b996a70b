"""The second pass: which rows are kept, and on which side of the split each of them is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize

from pinion_step.errors import StepError
from preprocess.reading.batch import Batch
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import Label
from preprocess.reading.target import TargetType, Task
from preprocess.rows.extremes import Extremes
from preprocess.rows.split import Mask, count_codes, split
from preprocess.rows.survey import Survey
from preprocess.sketches.hashing import Hashes, combine, finalise, find_repeated, hash_column
from preprocess.sketches.profiles import Codes, Rows, TableProfile

# A larger share of repeated rows is likely no accident: the table may have too few columns.
NOTABLE_REPETITION = 0.1
# From here on the columns do not tell the rows apart, such as people by sex, age group and class.
MOSTLY_REPETITION = 0.9


@dataclass(frozen=True)
class Numbered:
    """The rows of the dataset in their order: a hash of the features, and the number of the class.

    `codes` is -1 if the target is missing, and otherwise 0 in a regression, which has no `labels`.
    `repeated` is true if an equal row came before; rows of equal features are equal if their
    `targets` are.
    """

    hashes: Hashes
    codes: Codes
    repeated: Mask
    labels: tuple[Label, ...]
    targets: NDArray[Any]

    @cached_property
    def kept(self) -> Mask:
        """Whether a row has a target and repeats no other."""
        return (self.codes >= 0) & ~self.repeated

    def with_repeated(self) -> "Numbered":
        """Return the rows, of which those that repeat another are kept too.

        Equal rows have one place, so they are on one side of the split. Only if nearly all rows
        repeat, the first, second and further of equal rows have a place each: no model can learn
        a class that is on the other side as a whole.
        """
        hashes, again = self.hashes, self.repeated
        if self.duplicates > MOSTLY_REPETITION * len(self.codes):
            equal = DataFrame({"features": hashes[again], "target": self.targets[again]})
            number = (
                equal.groupby(["features", "target"], sort=False).cumcount().to_numpy(np.uint64)
            )
            hashes = hashes.copy()
            hashes[again] = finalise(hashes[again] + number + np.uint64(1))
        return replace(self, hashes=hashes, repeated=np.zeros(len(again), bool))

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
        return count_codes(self.codes, chosen, len(self.labels)).tolist()

    def classes(self, test: Mask) -> list[tuple[Label, int, int]]:
        """Return each label, in order, with the number of its train and of its test rows."""
        counted = zip(self.labels, self.class_rows(self.kept), self.class_rows(test), strict=True)
        return [(label, rows - tests, tests) for label, rows, tests in sorted(counted)]


class Numbering:
    """Hashes and numbers the rows of the cleaned table, and takes them into a profile."""

    def __init__(self, survey: Survey, rows: int) -> None:
        """`rows` is how many the table has."""
        self.survey = survey
        self.profile = TableProfile(survey.kinds, survey.task, rows)
        self.extremes = Extremes(survey)
        self._classified = survey.task is Task.CLASSIFICATION
        # The number of each class, in the order in which they are met.
        self.classes: dict[Label, int] = {}
        self._seen = 0
        self._hashes = np.empty(rows, np.uint64)
        self._codes: Codes = np.empty(rows, np.int32 if self._classified else np.int8)
        # The targets that tell equal features apart; the classes do in a classification.
        self._targets = self._codes if self._classified else np.empty(rows, np.uint64)

    def update(self, batch: Batch) -> tuple[Rows, Hashes]:
        """Take a further batch into account; return it typed, and the hash of each row."""
        rows = typed_rows(batch, self.survey)
        here = slice(self._seen, self._seen + len(rows.values))
        if self._classified:
            codes = self._encode(rows.values)
        else:
            codes = np.where(rows.values.isna(), np.int32(-1), np.int32(0))
            self._targets[here] = rows.targets
        rows = replace(rows, codes=codes)
        hashes = combine(rows.hashes, len(codes))
        self._hashes[here] = hashes
        self._codes[here] = codes
        self._seen = here.stop
        self.profile.update(rows)
        self.extremes.update(batch, rows)
        return rows, hashes

    def numbered(self) -> Numbered:
        """Return what was gathered.

        Raises `StepError` if no row is left, or if there is only one class.
        """
        repeated = find_repeated(self._hashes, self._targets)
        labels = tuple(self.classes)
        numbered = Numbered(self._hashes, self._codes, repeated, labels, self._targets)
        target = self.survey.target
        if not numbered.kept.any():
            raise StepError(f"--target: {target!r} has no values; choose another column")
        if self._classified and len(self.classes) < 2:
            only = ", ".join(map(repr, self.classes))
            raise StepError(
                f"--target: {target!r} has only one class ({only}); a classification needs two or"
                " more"
            )
        return numbered

    def _encode(self, values: Series) -> Codes:
        """Return the number of each label, -1 if it is missing."""
        codes, labels = factorize(values)
        plain = (label if isinstance(label, str) else int(label) for label in labels)
        numbers = [self.classes.setdefault(label, len(self.classes)) for label in plain]
        return np.array([*numbers, -1], np.int32)[codes]


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
    features = {
        name: batch.feature(name, kind, survey.reading(name)) for name, kind in survey.kinds.items()
    }
    frame = DataFrame(features, index=batch.frame.index, copy=False)
    target = survey.target
    return frame, batch.target(target, survey.target_type, survey.reading(target))


def typed_rows(batch: Batch, survey: Survey) -> Rows:
    """Convert and hash a batch; the classes are still to be numbered."""
    features, values = typed(batch, survey)
    hashed_as = Kind.CATEGORICAL if survey.target_type is TargetType.STRING else Kind.NUMERIC
    return Rows(
        features=features,
        hashes={name: hash_column(features[name], kind) for name, kind in survey.kinds.items()},
        values=values,
        targets=hash_column(values, hashed_as),
        codes=np.empty(0, np.int32),
    )


def assign(numbered: Numbered, survey: Survey, fraction: float, seed: int) -> Mask:
    """Return for each row whether it is a test row; only rows that are kept can be.

    Raises `StepError` if too little is left to be split.
    """
    kept = numbered.kept
    # Not a mask: to choose all rows would copy them.
    chosen = slice(None) if kept.all() else kept
    test = np.zeros(len(kept), bool)
    names = [f"--target: the class {label!r} of {survey.target!r}" for label in numbered.labels]
    hashes, codes = numbered.hashes[chosen], numbered.codes[chosen]
    test[chosen] = split(hashes, codes, fraction, seed, names or ["--dataset: the table"])
    return test
