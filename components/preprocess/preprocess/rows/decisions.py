"""What each column is, from the counts of the first pass and from what the caller says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pinion_step.errors import StepError
from preprocess.findings import MOST_EXAMPLES, Finding, examples, header_note
from preprocess.reading.guess import MOST_MISFITS, KindGuess
from preprocess.reading.hints import Hints
from preprocess.reading.kinds import Kind
from preprocess.reading.looks import DateLook, Form, NumberLook
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.table import Batch
from preprocess.rows.reading_findings import PLURALS, ambiguous, lost, mixed, read_as

Look = NumberLook | DateLook


@dataclass(frozen=True)
class Decided:
    """The kind of a column and how it is read; `stop` is an error that the caller must decide."""

    kind: Kind
    reading: Reading = PLAIN
    findings: tuple[Finding, ...] = ()
    stop: Finding | None = None


class Deciding:
    """Decides column by column; `again` reads the table once more, for a closer look."""

    def __init__(
        self,
        hints: Hints,
        again: Callable[[], Iterable[Batch]],
        guesses: dict[str, KindGuess],
        target: str,
    ) -> None:
        self._hints = hints
        self._again = again
        self._guesses = guesses
        self._target = target
        self._looks = {
            name: {kind: self._look(guess, kind) for kind in self._worth(name, guess)}
            for name, guess in guesses.items()
        }
        self._take()

    def column(self, name: str, kinds: frozenset[Kind] = frozenset(Kind)) -> Decided:
        """Decide what a column is, of the given kinds if nearly all values fit one of them."""
        guess = self._guesses[name]
        if name in self._hints.kinds:
            return self._set(name, guess, self._hints.kinds[name])
        kind = guess.kind or Kind.CATEGORICAL
        plain = Form(guess.reading, guess.filled)
        found = [(each, forms) for each, forms in self._forms(name).items() if each in kinds]
        if guess.nearly in kinds:
            found.append((guess.nearly, [Form(PLAIN, guess.filled - guess.misfits(guess.nearly))]))
        few = MOST_MISFITS * guess.filled
        found = [(each, forms) for each, forms in found if guess.filled - forms[0].fit <= few]
        if not found:
            return Decided(kind, guess.reading, read_as(name, kind, guess, plain))
        return self._formed(name, guess, *max(found, key=lambda each: each[1][0].fit))

    def _formed(self, name: str, guess: KindGuess, kind: Kind, forms: list[Form]) -> Decided:
        """Return a column that nearly all values of fit a kind in one of the forms."""
        form = forms[0]
        if form.fit < guess.filled:
            first = self._first(name, kind, form.reading)
            is_target = name == self._target
            found = mixed(name, kind, guess.filled - form.fit, guess.filled, first, is_target)
            if self._hints.keeps_category(name):
                return Decided(Kind.CATEGORICAL, findings=(found,))
            return Decided(Kind.CATEGORICAL, stop=found)
        if len(forms) > 1:
            return self._ambiguous(name, kind, forms)
        return Decided(kind, form.reading, read_as(name, kind, guess, form))

    def _ambiguous(self, name: str, kind: Kind, forms: list[Form]) -> Decided:
        example = self._looks[name][kind].example
        return Decided(kind, stop=ambiguous(name, kind, example, forms))

    def _set(self, name: str, guess: KindGuess, kind: Kind) -> Decided:
        """Return a column as the caller says; what does not fit is missing, and said."""
        if guess.kind is kind and guess.reading == PLAIN and not self._looks[name]:
            return Decided(kind)
        if not guess.can_be(kind):
            raise StepError(
                f"--column-types: {name!r} is stored as {PLURALS[guess.kind or kind]} and cannot"
                f" hold {PLURALS[kind]}; give another type, or leave it out"
            )
        if kind is Kind.CATEGORICAL or guess.declared:
            return Decided(kind, Reading(lenient=True) if guess.declared else PLAIN)
        forms = self._forms(name).get(kind) or [Form(Reading(guess.seen_markers), 0)]
        if len(forms) > 1:
            return self._ambiguous(name, kind, forms)
        reading = replace(forms[0].reading, lenient=True)
        count = sum(len(reading.misfits(batch.frame[name], kind)) for batch in self._again())
        said = read_as(name, kind, guess, forms[0])
        if count:
            _, where = self._first(name, kind, reading)
            said = (*said, lost(name, kind, count, guess.filled, where))
        return Decided(kind, reading, said)

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

    def _take(self) -> None:
        """Read the table once more if a column needs it."""
        looks = {name: each for name, each in self._looks.items() if each}
        for batch in self._again() if looks else ():
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

    def _first(self, name: str, kind: Kind, reading: Reading) -> tuple[list[str], str]:
        """Return the first values that do not fit, and a text that says where they are."""
        found: list[tuple[str, int]] = []
        header = False
        for batch in self._again():
            header |= batch.first == 2
            misfits = reading.misfits(batch.frame[name], kind).head(MOST_EXAMPLES - len(found))
            found += [(str(value), batch.first + int(at)) for at, value in misfits.items()]
            if len(found) == MOST_EXAMPLES:
                break
        listed = [f"{examples([value])[0]!r} in row {row:,}" for value, row in found]
        where = ", ".join(listed) + header_note(header)
        return [value for value, _ in found], where
