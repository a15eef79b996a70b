"""What each column is, from the counts of the first pass and from what the caller says."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pinion_step.errors import StepError
from preprocess.findings import (
    MOST_EXAMPLES,
    READ_AS,
    Finding,
    Severity,
    examples,
    ignoring,
)
from preprocess.reading.guess import KindGuess
from preprocess.reading.hints import Hints
from preprocess.reading.kinds import Kind
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.table import Batch
from preprocess.reading.target import TargetProfile, Task

PLURALS = {
    Kind.NUMERIC: "numbers",
    Kind.BOOLEAN: "booleans",
    Kind.DATE: "dates",
    Kind.CATEGORICAL: "categories",
}
_WORDS = {Kind.NUMERIC: "number", Kind.BOOLEAN: "boolean", Kind.DATE: "date"}


@dataclass(frozen=True)
class Decided:
    """The kind of a column and how it is read; `stop` is an error that the caller must decide."""

    kind: Kind
    reading: Reading = PLAIN
    findings: tuple[Finding, ...] = ()
    stop: Finding | None = None


class Deciding:
    """Decides column by column; `again` reads the table once more, to show values and rows."""

    def __init__(self, hints: Hints, again: Callable[[], Iterable[Batch]]) -> None:
        self._hints = hints
        self.again = again

    def feature(self, name: str, guess: KindGuess) -> Decided:
        """Decide what a feature is."""
        if name in self._hints.kinds:
            return self._set(name, guess, self._hints.kinds[name])
        return self._counted(name, guess, guess.nearly)

    def target(self, name: str, profile: TargetProfile, asked: Task | None) -> Decided:
        """Decide what the target is; labels of a classification that was asked for stay."""
        guess = profile.guess
        if name in self._hints.kinds:
            return self._set(name, guess, self._hints.kinds[name])
        nearly = guess.nearly if guess.nearly is Kind.NUMERIC else None
        if asked is Task.CLASSIFICATION:
            return Decided(guess.kind or Kind.CATEGORICAL)
        return self._counted(name, guess, nearly)

    def _counted(self, name: str, guess: KindGuess, nearly: Kind | None) -> Decided:
        kind = guess.kind or Kind.CATEGORICAL
        if not nearly:
            return Decided(kind, guess.reading, _read_as(name, kind, guess))
        mixed = self._mixed(name, guess, nearly)
        if self._hints.keeps_category(name):
            return Decided(Kind.CATEGORICAL, findings=(mixed,))
        return Decided(Kind.CATEGORICAL, stop=mixed)

    def _mixed(self, name: str, guess: KindGuess, kind: Kind) -> Finding:
        count, (shown, where) = guess.misfits(kind), self._first(name, kind)
        marker = json.dumps(list(dict.fromkeys(shown)), ensure_ascii=False)
        types = json.dumps({name: _WORDS[kind]}, ensure_ascii=False)
        allowed = json.dumps([f"mixed:{name}"], ensure_ascii=False)
        return Finding(
            "mixed",
            Severity.ERROR,
            f"--dataset: column {name!r} holds {PLURALS[kind]}, but {count:,} of"
            f" {guess.filled:,} values {'is' if count == 1 else 'are'} not: {where}; correct them"
            f" in the source, or say what they are: missing with --missing-markers '{marker}' or"
            f" --column-types '{types}', categories with --allowed-checks '{allowed}'; or leave"
            f" the column out with {ignoring(name)}",
            column=name,
            rows=count,
            share=count / guess.filled,
            examples=examples(shown),
        )

    def _set(self, name: str, guess: KindGuess, kind: Kind) -> Decided:
        """Return a column as the caller says; what does not fit is missing, and said."""
        if guess.kind is kind and guess.reading == PLAIN:
            return Decided(kind)
        if not guess.can_be(kind):
            raise StepError(
                f"--column-types: {name!r} is stored as {PLURALS[guess.kind or kind]} and cannot"
                f" hold {PLURALS[kind]}; give another type, or leave it out"
            )
        if kind is Kind.CATEGORICAL:
            return Decided(kind, Reading(lenient=True) if guess.declared else PLAIN)
        reading = Reading(guess.seen_markers, lenient=True)
        lost, (_, where) = self._count(name, kind, reading), self._first(name, kind, reading)
        if not lost:
            return Decided(kind, reading, _read_as(name, kind, guess))
        text = (
            f"column {name!r}: {lost:,} of {guess.filled:,} values are no {PLURALS[kind]}, and are"
            f" read as missing: {where}"
        )
        share = lost / guess.filled
        found = Finding(READ_AS, Severity.WARNING, text, column=name, rows=lost, share=share)
        return Decided(kind, reading, (found,))

    def _count(self, name: str, kind: Kind, reading: Reading) -> int:
        """Count the values that do not fit."""
        return sum(len(reading.misfits(batch.frame[name], kind)) for batch in self.again())

    def _first(self, name: str, kind: Kind, reading: Reading = PLAIN) -> tuple[list[str], str]:
        """Return the first values that do not fit, and a text that says where they are."""
        found: list[tuple[str, int]] = []
        header = False
        for batch in self.again():
            header |= batch.first == 2
            misfits = reading.misfits(batch.frame[name], kind).head(MOST_EXAMPLES - len(found))
            found += [(str(value), batch.first + int(at)) for at, value in misfits.items()]
            if len(found) == MOST_EXAMPLES:
                break
        listed = [f"{examples([value])[0]!r} in row {row:,}" for value, row in found]
        where = ", ".join(listed) + (" (the header is row 1)" if header else "")
        return [value for value, _ in found], where


def _read_as(name: str, kind: Kind, guess: KindGuess) -> tuple[Finding, ...]:
    if not guess.reading.markers or kind is Kind.CATEGORICAL:
        return ()
    quoted = ", ".join(f'"{marker}"' for marker in guess.reading.markers)
    total = guess.filled + guess.markers
    text = f"{name}: read as {PLURALS[kind]}; {quoted} missing in {guess.markers:,} of {total:,}"
    found = Finding(READ_AS, Severity.INFO, text, column=name, rows=guess.markers)
    return (found,)
