"""What a model cannot tell apart, or only at a high price, said before one is fitted."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from preprocess.checks.leaks import FEWEST_ROWS
from preprocess.findings import Finding, Severity, as_text, examples, ignoring, quoted
from preprocess.reading.schema import Feature, Label, Schema

# The default model has a code for each of so many categories, and one for all others.
MOST_CATEGORIES = 255
# From this share of distinct values on, more than half of them have one row.
_MOSTLY_LONE = 2 / 3
# Boosting fits a tree for each class in each iteration.
MANY_CLASSES = 100


def limits(schema: Schema, rows: int, ids: Collection[str | None]) -> Iterator[Finding]:
    """Yield what is beyond the limits of models; `ids` are the columns like an id."""
    yield from _many_classes(schema)
    yield from _alike_classes(schema)
    for feature in schema.features:
        if feature.name not in ids:
            yield from _many_categories(feature, rows - feature.missing)


def _many_categories(feature: Feature, rows: int) -> Iterator[Finding]:
    distinct = feature.distinct or 0
    if rows >= FEWEST_ROWS and distinct > _MOSTLY_LONE * rows:
        limit = f" in {rows:,} rows; most have one row, which tells a model nothing about others"
    elif distinct > MOST_CATEGORIES:
        limit = (
            f"; the default model tells the {MOST_CATEGORIES - 1} most frequent apart and takes the"
            " others for one"
        )
    else:
        return
    yield Finding(
        "many_categories",
        Severity.WARNING,
        f"column {feature.name!r} has {distinct:,} categories{limit}; group them in the source, or"
        f" leave the column out with {ignoring(feature.name)}",
        column=feature.name,
    )


def _many_classes(schema: Schema) -> Iterator[Finding]:
    classes = schema.target.classes or ()
    if len(classes) < MANY_CLASSES:
        return
    name = schema.target.name
    advice = "group the rare ones in the source"
    if all(isinstance(label, int) for label in classes):
        advice = "if they are quantities, give --task regression"
    text = (
        f"the target {name!r} has {len(classes):,} classes; boosting, the default, fits a tree for"
        f" each of them in each iteration, so it takes about {len(classes):,} times as long as for"
        f" a regression; {advice}"
    )
    yield Finding("many_classes", Severity.WARNING, text, column=name)


def _alike_classes(schema: Schema) -> Iterator[Finding]:
    """Yield a finding of classes that differ in case and in the white space between words only."""
    alike: dict[str, list[Label]] = defaultdict(list)
    for label in schema.target.classes or ():
        alike[" ".join(as_text(label).casefold().split())].append(label)
    several = [labels for labels in alike.values() if len(labels) > 1]
    if several:
        name, shown = schema.target.name, examples(several[0])
        more = f", and {len(several) - 1} more such" if len(several) > 1 else ""
        text = (
            f"classes of {name!r} differ in case or white space only: {quoted(shown)}{more}; write"
            " them alike in the source if they are one"
        )
        yield Finding("alike_classes", Severity.WARNING, text, column=name, examples=shown)
