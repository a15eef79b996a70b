"""What each column is, from the counts of the first pass and from what the caller says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pinion_step.errors import StepError
from preprocess.findings import Finding
from preprocess.reading.batch import Batch
from preprocess.reading.guess import MOST_MISFITS, KindGuess
from preprocess.reading.hints import Hints
from preprocess.reading.kinds import Kind
from preprocess.reading.looks import DateLook, Form, NumberLook
from preprocess.reading.readings import PLAIN, Reading
from preprocess.rows.misfits import Wanted, find_misfits
from preprocess.rows.reading_findings import PLURALS, ambiguous, lost, mixed, read_as

Look = NumberLook | DateLook


@dataclass(frozen=True)
class Decided:
    """The kind of a column and how it is read; `stop` is an error that the caller must decide."""

    kind: Kind
    reading: Reading = PLAIN
    findings: tuple[Finding, ...] = ()
    stop: Finding | None = None


@dataclass(frozen=True)
class _Way:
    """A kind that a column may be of, and the forms in which its values are read.

    `is_set` says that the caller wants the kind, whatever does not fit.
    """

    kind: Kind
    forms: list[Form]
    is_set: bool = False

    def wanted(self, filled: int) -> Wanted | None:
        """Return what is to be known of the values that do not fit, if there may be some."""
        form = self.forms[0]
        if self.is_set:
            # An ambiguous column stops before its misfits matter.
            return Wanted(self.kind, form.reading, True) if len(self.forms) == 1 else None
        return Wanted(self.kind, form.reading, False) if form.fit < filled else None


class Deciding:
    """Decides column by column; `again` reads the table once more, twice at most."""

    def __init__(
        self,
        hints: Hints,
        again: Callable[[], Iterable[Batch]],
        guesses: dict[str, KindGuess],
        target: str,
    ) -> None:
        """Of the target, other kinds than numbers are labels, and stay as they are."""
        self._hints = hints
        self._guesses = guesses
        self._target = target
        self._looks = {
            name: {kind: self._look(guess, kind) for kind in self._worth(name, guess)}
            for name, guess in guesses.items()
        }
        self._take(again)
        ways = {name: self._way(name, guess) for name, guess in guesses.items()}
        self._ways = {name: way for name, way in ways.items() if way}
        wanted = {name: way.wanted(guesses[name].filled) for name, way in self._ways.items()}
        self._misfits = find_misfits({name: each for name, each in wanted.items() if each}, again)

    def column(self, name: str) -> Decided:
        """Decide what a column is."""
        guess, way = self._guesses[name], self._ways.get(name)
        kind = guess.kind or Kind.CATEGORICAL
        if name in self._hints.kinds and not way:
            wanted = self._hints.kinds[name]
            converted = guess.declared not in (None, wanted)
            return Decided(wanted, Reading(lenient=True) if converted else PLAIN)
        if not way:
            plain = Form(guess.reading, guess.filled)
            return Decided(kind, guess.reading, read_as(name, kind, guess, plain))
        if way.is_set:
            return self._set(name, guess, way)
        return self._formed(name, guess, way)

    def _way(self, name: str, guess: KindGuess) -> _Way | None:
        """Return the way to read a column, or None if it is as its guess says."""
        if self._may_be_thousands(name, guess):
            grouped = replace(guess.reading, decimal=",", thousands=".")
            return _Way(
                Kind.NUMERIC, [Form(each, guess.filled) for each in (grouped, guess.reading)]
            )
        if name in self._hints.kinds:
            return self._set_way(name, guess, self._hints.kinds[name])
        kinds = {Kind.NUMERIC} if name == self._target else set(Kind)
        found = [_Way(kind, forms) for kind, forms in self._forms(name).items() if kind in kinds]
        if guess.nearly in kinds:
            form = Form(PLAIN, guess.filled - guess.misfits(guess.nearly))
            found.append(_Way(guess.nearly, [form]))
        few = MOST_MISFITS * guess.filled
        found = [way for way in found if guess.filled - way.forms[0].fit <= few]
        return max(found, key=lambda way: way.forms[0].fit, default=None)

    def _may_be_thousands(self, name: str, guess: KindGuess) -> bool:
        """Return whether plain numbers may be 1000 times as large, and nothing says which."""
        hints, kind = self._hints, self._hints.kinds.get(name, Kind.NUMERIC)
        if hints.decimal or hints.thousands or kind is not Kind.NUMERIC:
            return False
        others = self._guesses.values()
        return (
            guess.kind is Kind.NUMERIC
            and guess.points.are_ambiguous
            and not any(each.points.are_decimal for each in others)
        )

    def _set_way(self, name: str, guess: KindGuess, kind: Kind) -> _Way | None:
        """Return the way to read a column as the caller says."""
        if guess.kind is kind and guess.reading == PLAIN and not self._looks[name]:
            return None
        if not guess.can_be(kind):
            raise StepError(
                f"--column-types: {name!r} is stored as {PLURALS[guess.kind or kind]} and cannot"
                f" hold {PLURALS[kind]}; give another type, or leave it out"
            )
        if kind is Kind.CATEGORICAL or guess.declared:
            return None
        forms = self._forms(name).get(kind) or [Form(Reading(guess.seen_markers), 0)]
        lenient = [replace(form, reading=replace(form.reading, lenient=True)) for form in forms]
        return _Way(kind, lenient, is_set=True)

    def _formed(self, name: str, guess: KindGuess, way: _Way) -> Decided:
        """Return a column that nearly all values of fit a kind in one of the forms."""
        form = way.forms[0]
        if form.fit < guess.filled:
            found = self._misfits[name]
            is_target = name == self._target
            first = found.values, found.where
            said = mixed(name, way.kind, guess.filled - form.fit, guess.filled, first, is_target)
            if self._hints.keeps_category(name):
                return Decided(Kind.CATEGORICAL, findings=(said,))
            return Decided(Kind.CATEGORICAL, stop=said)
        if len(way.forms) > 1:
            return self._ambiguous(name, way)
        return Decided(way.kind, form.reading, read_as(name, way.kind, guess, form))

    def _ambiguous(self, name: str, way: _Way) -> Decided:
        looks = self._looks[name]
        example = looks[way.kind].example if looks else self._guesses[name].points.example
        return Decided(way.kind, stop=ambiguous(name, way.kind, example, way.forms))

    def _set(self, name: str, guess: KindGuess, way: _Way) -> Decided:
        """Return a column as the caller says; what does not fit is missing, and said."""
        if len(way.forms) > 1:
            return self._ambiguous(name, way)
        form, found = way.forms[0], self._misfits[name]
        said = read_as(name, way.kind, guess, form)
        if found.count:
            said = (*said, lost(name, way.kind, found.count, guess.filled, found.where))
        return Decided(way.kind, form.reading, said)

    def _worth(self, name: str, guess: KindGuess) -> set[Kind]:
        """Return the kinds in whose forms a column is worth a closer look."""
        wanted, given = set(guess.looks), self._hints.kinds.get(name)
        if guess.declared or not guess.filled or given is Kind.CATEGORICAL:
            return set()
        if given in (Kind.NUMERIC, Kind.DATE) and guess.kind is not given:
            wanted = {given}
        if self._hints.groups_by_point and guess.kind is Kind.NUMERIC:
            wanted.add(Kind.NUMERIC)
        if self._hints.date_format and guess.kind is Kind.CATEGORICAL and not given:
            wanted.add(Kind.DATE)
        return wanted

    def _look(self, guess: KindGuess, kind: Kind) -> Look:
        if kind is Kind.NUMERIC:
            return NumberLook()
        return DateLook(guess.filled, self._hints.date_format)

    def _take(self, again: Callable[[], Iterable[Batch]]) -> None:
        """Read the table once more if a column needs it."""
        looks = {name: each for name, each in self._looks.items() if each}
        for batch in again() if looks else ():
            for name, by_kind in looks.items():
                texts = batch.frame[name].dropna()
                for look in by_kind.values():
                    look.update(texts)

    def _forms(self, name: str) -> dict[Kind, list[Form]]:
        """Return the forms of a column by kind, as few as the caller's words leave."""
        found = {kind: self._chosen(look.forms()) for kind, look in self._looks[name].items()}
        return {kind: forms for kind, forms in found.items() if forms}

    def _chosen(self, forms: list[Form]) -> list[Form]:
        if len(forms) < 2:
            return forms
        hints, readings = self._hints, [form.reading for form in forms]
        wanted = [
            (hints.date_format and each.date_format == hints.date_format)
            or (not each.date_format and self._is_asked_for(each))
            for each in readings
        ]
        chosen = [form for form, is_wanted in zip(forms, wanted, strict=True) if is_wanted]
        if len(chosen) == 1:
            return chosen
        return [form for form in forms if not form.reading.has_form][:1] or forms

    def _is_asked_for(self, reading: Reading) -> bool:
        decimal, thousands = self._hints.decimal, self._hints.thousands
        if decimal and reading.decimal != decimal:
            return False
        if not thousands:
            return bool(decimal)
        return reading.thousands == thousands or not (
            reading.thousands or reading.decimal == thousands
        )
