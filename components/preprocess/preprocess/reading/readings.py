"""How the text of a column is read, applied to the columns of a whole table."""

from dataclasses import dataclass

from pandas import Series, factorize

from pinion_step.reading.readings import FURTHER_MARKERS
from pinion_step.reading.readings import Reading as SharedReading
from pinion_step.reading.rows import as_text
from preprocess.reading.kinds import Kind, declared_kind, to_kind


@dataclass(frozen=True)
class Reading(SharedReading):
    """A reading of the schema, which the model has too; here it converts with Arrow."""

    @property
    def keeps_plain_numbers(self) -> bool:
        """Whether a column of plain numbers is read as if there were no reading."""
        return self.decimal == "."

    def values(self, column: Series, kind: Kind) -> Series:
        """Convert a cleaned column to the type of the kind; what does not fit is missing."""
        if declared_kind(column) is not None:
            return _redeclared(column, kind)
        codes, texts = factorize(column)
        distinct = Series(texts, dtype="str")
        if self.markers:
            distinct = distinct.mask(distinct.isin(self.markers))
        if kind is not Kind.CATEGORICAL:
            fit, plain = self.plain(distinct, kind)
            distinct = to_kind(plain.where(fit), kind)
        return Series(distinct.reindex(codes).array, index=column.index)

    def misfits(self, column: Series, kind: Kind) -> Series:
        """Return the values, neither missing nor a marker, that the reading cannot convert."""
        present = column.dropna()
        if declared_kind(column) is not None:
            return present.iloc[:0] if declared_kind(column) is kind else present
        present = present[~present.isin((*self.markers, *FURTHER_MARKERS))]
        texts = Series(present.unique(), dtype="str")
        fit, _ = self.plain(texts, kind)
        return present[present.isin(texts[~fit])]


PLAIN = Reading()


def _redeclared(column: Series, kind: Kind) -> Series:
    """Convert a column that has another type than text, for a caller who says its kind."""
    if declared_kind(column) is kind:
        return column
    if kind is Kind.NUMERIC:
        return column.astype("Float64").astype("float64")
    codes, values = factorize(column)
    texts = Series([as_text(value) for value in values], dtype="str")
    return Series(texts.reindex(codes).array, index=column.index)
