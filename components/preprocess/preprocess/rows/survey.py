"""The first pass: find the columns, their kinds, and the task that the target poses."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pinion_step.errors import StepError
from preprocess.findings import Finding, Severity, all_missing, fail_on_errors
from preprocess.reading.batch import Batch
from preprocess.reading.guess import KindGuess
from preprocess.reading.hints import Hints
from preprocess.reading.kinds import Kind
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.schema import Schema
from preprocess.reading.target import TargetProfile, TargetType, Task, check_target
from preprocess.rows.decisions import Decided, Deciding
from preprocess.rows.left_out import unclear_class
from preprocess.rows.reading_findings import infinite
from preprocess.rows.reference import Misfits, check_target_kept, column_mismatches, task_mismatches

Read = Callable[[], Iterable[Batch]]


@dataclass(frozen=True)
class Asked:
    """What the caller asks for: without a task, the reference decides it, or else the target."""

    target: str
    task: Task | None = None
    reference: Schema | None = None
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True)
class Survey:
    """Results of the first pass: all `columns`, and the `kinds` of the features.

    `readings` are those of features and target that are not plain.
    """

    task: Task
    target: str
    target_type: TargetType
    columns: tuple[str, ...]
    kinds: dict[str, Kind]
    readings: dict[str, Reading]
    findings: tuple[Finding, ...] = field(compare=False)
    # How many rows without a target had which text there.
    words: Counter[str] = field(default_factory=Counter, compare=False)

    def reading(self, name: str) -> Reading:
        """Return how a column is read."""
        return self.readings.get(name, PLAIN)

    def said_missing(self, markers: Iterable[str]) -> int:
        """Return how many rows have one of the markers as their target."""
        return sum(self.words[marker] for marker in markers)


@dataclass
class _Gathered:
    """What one pass over the rows gathers; without a reference there are no misfits."""

    columns: tuple[str, ...]
    guesses: dict[str, KindGuess]
    profile: TargetProfile
    misfits: Misfits | None
    words: Counter[str] = field(default_factory=Counter)
    infinite: Counter[str] = field(default_factory=Counter)

    def update(self, batch: Batch, target: str) -> None:
        """Take a further batch into account."""
        self.words.update(batch.words)
        self.infinite.update(batch.infinite)
        self.profile.update(batch.frame[target], batch.numbers.get(target))
        if self.misfits:
            self.misfits.update(batch)
        else:
            for name, guess in self.guesses.items():
                guess.update(batch.frame[name], batch.numbers.get(name))

    def told(self, survey: Survey) -> Survey:
        """Return the survey with what became missing."""
        lost = (infinite(name, self.infinite[name]) for name in self.columns if self.infinite[name])
        return replace(survey, findings=(*survey.findings, *lost), words=self.words)


def survey(batches: Iterable[Batch], rows: int, asked: Asked, again: Read) -> Survey:
    """Survey all rows of a table of so many; a reference sets the kinds.

    `again` reads the batches once more. Raises `StepError` if the table cannot be used.
    """
    gathered = _gather(batches, rows, asked)
    if asked.task is not Task.REGRESSION and gathered.profile.kind is not Kind.NUMERIC:
        known = asked.hints.markers
        fail_on_errors(unclear_class(asked.target, gathered.words, known, rows))
    return gathered.told(_decided(gathered, asked, again))


def _decided(gathered: _Gathered, asked: Asked, again: Read) -> Survey:
    if asked.reference and gathered.misfits:
        mismatches = [
            *column_mismatches(asked.reference, gathered.columns),
            *gathered.misfits.findings(),
        ]
        return _as_before(gathered, asked, asked.reference, mismatches, again)
    fail_on_errors([all_missing(name) for name, each in gathered.guesses.items() if not each.kind])
    guesses = {**gathered.guesses, asked.target: gathered.profile.guess}
    if asked.task is Task.CLASSIFICATION and asked.target not in asked.hints.kinds:
        # Its labels are taken as they are.
        del guesses[asked.target]
    deciding = Deciding(asked.hints, again, guesses, asked.target)
    decided = {name: deciding.column(name) for name in gathered.guesses}
    target, profile = _target(gathered.profile, asked, deciding, again)
    decided_all = [target, *decided.values()]
    fail_on_errors([each.stop for each in decided_all if each.stop])
    posed = profile.task(asked.target, asked.task)
    codes = [_codes(name) for name, guess in gathered.guesses.items() if guess.holds_codes]
    return Survey(
        task=posed,
        target=asked.target,
        target_type=profile.type(posed, None),
        columns=gathered.columns,
        kinds={name: each.kind for name, each in decided.items()},
        readings=_readings({asked.target: target, **decided}),
        findings=(*codes, *(finding for each in decided_all for finding in each.findings)),
    )


def _as_before(
    gathered: _Gathered, asked: Asked, reference: Schema, mismatches: list[Finding], again: Read
) -> Survey:
    """Return the survey of a table that a reference describes."""
    is_text = reference.target.type is TargetType.STRING
    target = Decided(Kind.CATEGORICAL if is_text else Kind.NUMERIC, reference.target.reading)
    try:
        profile = gathered.profile
        if target.reading != PLAIN:
            profile = _decided_profile(profile, asked.target, target, again)
        posed = profile.task(asked.target, asked.task or reference.task)
    except StepError:
        # The mismatches may be the cause, so they are reported first and in full.
        fail_on_errors(mismatches)
        raise
    target_type = profile.type(posed, reference.target.type)
    fail_on_errors([*mismatches, *task_mismatches(reference, posed, target_type)])
    features = {feature.name: feature for feature in reference.features}
    named = [name for name in gathered.columns if name != asked.target]
    decided = {name: Decided(features[name].kind, features[name].reading) for name in named}
    return Survey(
        task=posed,
        target=asked.target,
        target_type=target_type,
        columns=gathered.columns,
        kinds={name: each.kind for name, each in decided.items()},
        readings=_readings({asked.target: target, **decided}),
        findings=(),
    )


def _target(
    profile: TargetProfile, asked: Asked, deciding: Deciding, again: Read
) -> tuple[Decided, TargetProfile]:
    """Decide what the target is, and return its profile as it is read.

    Labels of a classification stay as they are; only measured numbers are read in another form.
    """
    if asked.task is Task.CLASSIFICATION and asked.target not in asked.hints.kinds:
        return Decided(profile.kind or Kind.CATEGORICAL), profile
    target = deciding.column(asked.target)
    if target.stop:
        return target, profile
    decided = _decided_profile(profile, asked.target, target, again)
    is_set = asked.task or asked.target in asked.hints.kinds
    if target.reading.has_form and not is_set and not decided.is_measured:
        return Decided(Kind.CATEGORICAL), profile
    return target, decided


def _readings(decided: dict[str, Decided]) -> dict[str, Reading]:
    return {name: each.reading for name, each in decided.items() if each.reading != PLAIN}


def _decided_profile(
    profile: TargetProfile, name: str, target: Decided, again: Read
) -> TargetProfile:
    """Return the profile of the target as it is read; the pass before could not know."""
    if target.kind is profile.kind and target.reading == PLAIN:
        return profile
    profile = TargetProfile(kind=target.kind)
    for batch in again():
        profile.update(target.reading.values(batch.frame[name], target.kind), None)
    return profile


def _gather(batches: Iterable[Batch], rows: int, asked: Asked) -> _Gathered:
    """Read all rows; a reference gives misfits, and its absence gives guesses of the kinds."""
    batches = iter(batches)
    first = next(batches)
    gathered = _begun(tuple(first.frame.columns), rows, asked)
    gathered.update(first, asked.target)
    # Else it would be in memory to the end.
    del first
    for batch in batches:
        gathered.update(batch, asked.target)
    return gathered


def _begun(columns: tuple[str, ...], rows: int, asked: Asked) -> _Gathered:
    """Check the names of the columns, and return what is to be filled."""
    check_target(asked.target, list(columns))
    asked.hints.check_columns(columns)
    if asked.reference:
        check_target_kept(asked.reference, asked.target)
    set_kinds = asked.hints.kinds
    return _Gathered(
        columns,
        {
            name: KindGuess(None if name in set_kinds else rows)
            for name in columns
            if name != asked.target
        },
        TargetProfile(None if asked.target in set_kinds else rows),
        Misfits(asked.reference, columns) if asked.reference else None,
    )


def _codes(name: str) -> Finding:
    return Finding(
        "codes",
        Severity.WARNING,
        f"column {name!r} stays categorical, because its digits look like codes (a leading zero,"
        " or more than 15 digits)",
        column=name,
    )
