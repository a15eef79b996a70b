"""What is said of the way a column is read: decided, ambiguous, or mixed."""

import json
from collections.abc import Sequence

from preprocess.findings import READ_AS, Finding, Severity, examples, ignoring
from preprocess.reading.guess import KindGuess
from preprocess.reading.kinds import Kind
from preprocess.reading.looks import Form
from preprocess.reading.readings import Reading

PLURALS = {
    Kind.NUMERIC: "numbers",
    Kind.BOOLEAN: "booleans",
    Kind.DATE: "dates",
    Kind.CATEGORICAL: "categories",
}
_WORDS = {Kind.NUMERIC: "number", Kind.BOOLEAN: "boolean", Kind.DATE: "date"}


def mixed(
    name: str,
    kind: Kind,
    count: int,
    filled: int,
    first: tuple[Sequence[str], str],
    is_target: bool,
) -> Finding:
    """Return the finding of a column in which few values do not fit its kind.

    `first` are the first of them, and a text that says where they are.
    """
    shown, where = first
    marker = json.dumps(list(dict.fromkeys(shown)), ensure_ascii=False)
    types = json.dumps({name: _WORDS[kind]}, ensure_ascii=False)
    allowed = json.dumps([f"mixed:{name}"], ensure_ascii=False)
    return Finding(
        "mixed",
        Severity.ERROR,
        f"--dataset: column {name!r} holds {PLURALS[kind]}, but {count:,} of {filled:,} values"
        f" {'is' if count == 1 else 'are'} not: {where}; correct them in the source, or say what"
        f" they are: missing with --missing-markers '{marker}' or --column-types '{types}',"
        f" categories with --allowed-checks '{allowed}'"
        + ("" if is_target else f"; or leave the column out with {ignoring(name)}"),
        column=name,
        rows=count,
        share=count / filled,
        examples=examples(shown),
    )


def ambiguous(name: str, kind: Kind, example: str, forms: Sequence[Form]) -> Finding:
    """Return the finding of a column whose every value can be read in two ways."""
    ways = " or ".join(_way(example, kind, form.reading) for form in forms)
    return Finding(
        "ambiguous",
        Severity.ERROR,
        f"--dataset: column {name!r} can be read in {len(forms)} ways, such as {example!r}; say"
        f" which: {ways}; or keep it as it is with"
        f" --column-types '{json.dumps({name: 'category'}, ensure_ascii=False)}'",
        column=name,
        examples=examples([example]),
        allowable=False,
    )


def _way(example: str, kind: Kind, reading: Reading) -> str:
    from pandas import Series

    _, plain = reading.plain(Series([example], dtype="str"), kind)
    value = str(plain.iloc[0]).removesuffix("T00:00:00.000000")
    if kind is Kind.DATE:
        return f"--date-format '{reading.date_format}' ({value})"
    return f"--decimal '{reading.decimal}' ({value})"


def read_as(name: str, kind: Kind, guess: KindGuess, form: Form) -> tuple[Finding, ...]:
    """Return what is said of a column that is not read in the plain way, if anything."""
    parts, filled = [], guess.filled
    reading = form.reading
    if form.removed:
        parts.append(f"{_listed(form.removed)} removed in {form.changed:,} of {filled:,}")
    if reading.decimal == ",":
        parts.append('"," is the decimal sign')
    if reading.date_format:
        parts.append(f'their format is "{reading.date_format}"')
    if reading.markers:
        total = filled + guess.markers
        parts.append(f"{_listed(reading.markers)} missing in {guess.markers:,} of {total:,}")
    if not parts:
        return ()
    text = f"{name}: read as {PLURALS[kind]}; {'; '.join(parts)}"
    return (Finding(READ_AS, Severity.INFO, text, column=name),)


def lost(name: str, kind: Kind, count: int, filled: int, where: str) -> Finding:
    """Return the warning of a column whose kind the caller sets against some of its values."""
    return Finding(
        READ_AS,
        Severity.WARNING,
        f"column {name!r}: {count:,} of {filled:,} values are not {PLURALS[kind]}, and are read"
        f" as missing: {where}",
        column=name,
        rows=count,
        share=count / filled,
    )


def infinite(name: str, count: int) -> Finding:
    """Return the warning of infinite numbers, which the file holds as such."""
    text = f"column {name!r}: {count:,} infinite number(s) are read as missing"
    return Finding(READ_AS, Severity.WARNING, text, column=name, rows=count)


def _listed(texts: Sequence[str]) -> str:
    quoted = [f'"{text}"' for text in texts]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
