"""The first pass: which columns there are, of which kind, and which task the target poses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pandas import DataFrame

from preprocess.errors import PreprocessError
from preprocess.kinds import Kind, KindGuess
from preprocess.reference import Misfits, check_columns, check_task_kept
from preprocess.schema import Label, Schema
from preprocess.statistics import all_missing
from preprocess.target import TargetProfile, TargetType, Task, check_target


@dataclass(frozen=True)
class Survey:
    """What the first pass found: `columns` are all of them, `kinds` those of the features."""

    task: Task
    target: str
    target_type: TargetType
    columns: tuple[str, ...]
    kinds: dict[str, Kind]
    warnings: tuple[str, ...]


def survey(
    frames: Iterable[DataFrame], target: str, task: Task | None, reference: Schema | None
) -> Survey:
    """Look at all rows of the cleaned table.

    With a reference the kinds are those of the reference. Raises PreprocessError where the target
    or a column cannot be used, or does not fit the reference.
    """
    columns: tuple[str, ...] = ()
    guesses: dict[str, KindGuess] = {}
    profile = TargetProfile()
    misfits = Misfits(reference) if reference else None
    for frame in frames:
        if not columns:
            columns = tuple(frame.columns)
            _check_columns(list(columns), target, reference)
            guesses = {name: KindGuess() for name in columns if name != target}
        profile.update(frame[target])
        if misfits:
            misfits.update(frame)
        else:
            for name, guess in guesses.items():
                guess.update(frame[name])
    if misfits:
        misfits.check()
    kinds = _reference_kinds(reference) if reference else _guessed_kinds(guesses)
    posed = profile.task(target, task or (reference.task if reference else None))
    target_type = profile.type(posed, reference.target.type if reference else None)
    if reference:
        check_task_kept(reference, posed, target_type)
    return Survey(
        task=posed,
        target=target,
        target_type=target_type,
        columns=columns,
        kinds={name: kinds[name] for name in guesses},
        warnings=tuple(
            f"column {name!r} stays categorical: it holds digits that are codes (a leading zero,"
            " or more than 15 digits)"
            for name, guess in guesses.items()
            if guess.holds_codes
        ),
    )


def _check_columns(columns: list[str], target: str, reference: Schema | None) -> None:
    check_target(target, columns)
    if reference:
        check_columns(reference, target, columns)


def _reference_kinds(reference: Schema) -> dict[str, Kind]:
    return {feature.name: feature.kind for feature in reference.features}


def _guessed_kinds(guesses: dict[str, KindGuess]) -> dict[str, Kind]:
    kinds = {}
    for name, guess in guesses.items():
        if guess.kind is None:
            raise all_missing(name)
        kinds[name] = guess.kind
    return kinds


def check_task(survey: Survey, classes: Sequence[Label]) -> None:
    """Raise PreprocessError where a classification has nothing to tell apart."""
    if survey.task is Task.CLASSIFICATION and len(classes) < 2:
        only = ", ".join(map(repr, classes))
        raise PreprocessError(
            f"--target: {survey.target!r} has one class only ({only}); a classification needs two"
            " or more"
        )
