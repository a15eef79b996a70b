"""The second pass: which rows are kept, and on which side of the split each of them is."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize

from preprocess.errors import PreprocessError
from preprocess.kinds import Kind, to_kind
from preprocess.reference import check_classes_kept
from preprocess.schema import Label, Schema
from preprocess.split import Hashes, finalise, hash_column, hash_rows, split
from preprocess.survey import Survey, check_task
from preprocess.target import TargetType, Task, target_values

Mask = NDArray[np.bool_]
Codes = NDArray[np.int32]


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


def assign(
    frames: Iterable[DataFrame],
    survey: Survey,
    fraction: float,
    seed: int,
    reference: Schema | None,
) -> Assignment:
    """Drop what cannot be used from the cleaned table and split the rest.

    Raises PreprocessError where too little is left to be split, or no class is that of the
    reference.
    """
    classes = _Classes(survey.target_type)
    hashes, codes, repeated = _hash(frames, survey, classes)
    present = codes >= 0
    kept = present & ~repeated
    if not kept.any():
        raise PreprocessError(f"--target: {survey.target!r} has no values")
    check_task(survey, classes.labels)
    if reference:
        check_classes_kept(reference, classes.labels)
    test = np.zeros(len(kept), bool)
    test[kept] = split(
        hashes[kept], codes[kept], fraction, seed, lambda n: _class_name(survey, classes, n)
    )
    return Assignment(
        kept=kept,
        test=test,
        without_target=int(np.count_nonzero(~present)),
        duplicates=int(np.count_nonzero(present & repeated)),
        classes=_count(classes.labels, codes, kept, test),
    )


def _hash(
    frames: Iterable[DataFrame], survey: Survey, classes: _Classes
) -> tuple[Hashes, Codes, Mask]:
    """Return the hash of the features, the class, and whether it came before, of each row."""
    hashes, rows, codes = [], [], []
    hashed_as = Kind.CATEGORICAL if survey.target_type is TargetType.STRING else Kind.NUMERIC
    for frame in frames:
        features = frame[list(survey.kinds)]
        features = features.apply(lambda column: to_kind(column, survey.kinds[str(column.name)]))
        values = target_values(frame[survey.target], survey.target_type)
        hashes.append(hash_rows(features, survey.kinds))
        rows.append(finalise(hashes[-1] + hash_column(values, hashed_as)))
        if survey.task is Task.CLASSIFICATION:
            codes.append(classes.encode(values))
        else:
            codes.append(np.where(values.isna(), -1, 0).astype(np.int32))
    # Rows are told apart by 64 bits: of ten million rows, one is lost with a chance of 3 in 10^6.
    repeated = Series(np.concatenate(rows)).duplicated().to_numpy()
    return np.concatenate(hashes), np.concatenate(codes), repeated


def _class_name(survey: Survey, classes: _Classes, number: int) -> str:
    if survey.task is Task.REGRESSION:
        return "--dataset: the table"
    return f"--target: the class {classes.labels[number]!r} of {survey.target!r}"


def _count(labels: list[Label], codes: Codes, kept: Mask, test: Mask) -> tuple[ClassRows, ...]:
    if not labels:
        return ()
    both = np.bincount(codes[kept], minlength=len(labels))
    tests = np.bincount(codes[test], minlength=len(labels))
    order = sorted(range(len(labels)), key=lambda n: labels[n])
    return tuple(ClassRows(labels[n], int(both[n] - tests[n]), int(tests[n])) for n in order)
