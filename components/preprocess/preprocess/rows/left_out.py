"""Rows that are left out: each reason counted, with the first rows, and said."""

import json
from collections import Counter
from collections.abc import Collection

import numpy as np

from preprocess.findings import MOST_EXAMPLES, Finding, Severity, examples, quoted
from preprocess.reading.places import Places
from preprocess.rows.split import Mask

# Words for a missing value that are classes in some tables, such as North America.
WORDS = ("None", "NA", "N/A", "nan", "NaN", "null", "NULL")
# More than this share of the rows is left out only by consent.
MOST_LEFT_OUT = 0.01


def unclear_class(
    target: str, words: Counter[str], known: Collection[str], rows: int
) -> list[Finding]:
    """Return a finding if words that may be a class or missing stand in many rows of the target.

    `known` are those of which the caller says that they are missing.
    """
    unclear = {word: count for word, count in sorted(words.items()) if word in WORDS}
    unclear = {word: count for word, count in unclear.items() if word not in known}
    total = sum(unclear.values())
    if total <= MOST_LEFT_OUT * rows:
        return []
    named = list(unclear)
    allowed = json.dumps([f"class:{word}" for word in named], ensure_ascii=False)
    text = (
        f"--target: {target!r} is {quoted(named)} in {total:,} of {rows:,} rows, which may be a"
        f" class or a missing value; say which: a class with --allowed-checks '{allowed}', or"
        f" missing with --missing-markers '{json.dumps(named, ensure_ascii=False)}'"
    )
    shown = examples(named)
    return [
        Finding("class", Severity.ERROR, text, None, total, total / rows, shown, allowable=False)
    ]


def without_target(target: str, missing: Mask, consented: int, places: Places) -> list[Finding]:
    """Return the finding of rows without a target; of `consented` the caller says that they are."""
    return _left_out(
        "without_target",
        f"have no value in the target {target!r}",
        missing,
        consented,
        places,
        "fill it in the source",
    )


def repeated(rows: Mask, asked: bool, places: Places) -> list[Finding]:
    """Return the finding of dropped rows that repeat another; `asked` if the caller said so."""
    return _left_out(
        "duplicates",
        "repeat another and are dropped" + ("" if asked else ", as a column numbers the rows"),
        rows,
        len(rows) if asked else 0,
        places,
        "keep them with --duplicates keep, or drop them with --duplicates drop",
    )


def _left_out(
    check: str, why: str, left_out: Mask, consented: int, places: Places, advice: str
) -> list[Finding]:
    count, rows = int(np.count_nonzero(left_out)), len(left_out)
    if not count:
        return []
    first = np.flatnonzero(left_out)[:MOST_EXAMPLES].tolist()
    shown = tuple(f"row {places.number(place):,}" for place in first)
    is_few = count - consented <= MOST_LEFT_OUT * rows
    text = f"{count:,} of {rows:,} rows {why}, such as {', '.join(shown)}{places.note}"
    if not is_few:
        text = (
            f"--dataset: {text}; {advice}, or leave them out with --allowed-checks '[\"{check}\"]'"
        )
    severity = Severity.INFO if is_few else Severity.ERROR
    return [Finding(check, severity, text, None, count, count / rows, shown)]
