"""The first pass: find the columns, their kinds, and the task that the target poses."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pinion_step.errors import StepError
from preprocess.findings import Finding, Severity, all_missing, fail_on_errors
from preprocess.reading.kinds import Kind, KindGuess
from preprocess.reading.schema import Schema
from preprocess.reading.table import Batch
from preprocess.reading.target import TargetProfile, TargetType, Task, check_target
from preprocess.rows.reference import Misfits, check_target_kept, column_mismatches, task_mismatches


@dataclass(frozen=True)
class Survey:
    """Results of the first pass: all `columns`, and the `kinds` of the features."""

    task: Task
    target: str
    target_type: TargetType
    columns: tuple[str, ...]
    kinds: dict[str, Kind]
    findings: tuple[Finding, ...] = field(compare=False)


def survey(
    batches: Iterable[Batch], target: str, task: Task | None, reference: Schema | None
) -> Survey:
    """Survey all rows; a reference sets the kinds. Raises `StepError` if it cannot be used."""
    columns, guesses, profile, misfits = _gather(batches, target, reference)
    mismatches: list[Finding] = []
    if reference and misfits:
        mismatches = [*column_mismatches(reference, columns), *misfits.findings()]
    try:
        posed = profile.task(target, task or (reference.task if reference else None))
    except StepError:
        # The mismatches may be the cause, so they are reported first and in full.
        fail_on_errors(mismatches)
        raise
    target_type = profile.type(posed, reference.target.type if reference else None)
    if reference:
        fail_on_errors([*mismatches, *task_mismatches(reference, posed, target_type)])
        kinds = {feature.name: feature.kind for feature in reference.features}
    else:
        fail_on_errors([all_missing(name) for name, guess in guesses.items() if not guess.kind])
        kinds = {name: guess.kind for name, guess in guesses.items() if guess.kind}
    return Survey(
        task=posed,
        target=target,
        target_type=target_type,
        columns=columns,
        kinds={name: kinds[name] for name in guesses},
        findings=tuple(_codes(name) for name, guess in guesses.items() if guess.holds_codes),
    )


def _gather(
    batches: Iterable[Batch], target: str, reference: Schema | None
) -> tuple[tuple[str, ...], dict[str, KindGuess], TargetProfile, Misfits | None]:
    """Read all rows; a reference gives misfits, and its absence gives guesses of the kinds."""
    columns: tuple[str, ...] = ()
    guesses: dict[str, KindGuess] = {}
    profile = TargetProfile()
    misfits = None
    for batch in batches:
        frame = batch.frame
        if not columns:
            columns = tuple(frame.columns)
            check_target(target, list(columns))
            guesses = {name: KindGuess() for name in columns if name != target}
            if reference:
                check_target_kept(reference, target)
                misfits = Misfits(reference, columns)
        profile.update(frame[target], batch.numbers.get(target))
        if misfits:
            misfits.update(batch)
        else:
            for name, guess in guesses.items():
                guess.update(frame[name], batch.numbers.get(name))
    return columns, guesses, profile, misfits


def _codes(name: str) -> Finding:
    return Finding(
        "codes",
        Severity.WARNING,
        f"column {name!r} stays categorical, because its digits look like codes (a leading zero,"
        " or more than 15 digits)",
        column=name,
    )
