"""The last pass: both sides of the split as Parquet, and the statistics of the rows kept."""

from pathlib import Path
from types import TracebackType

import pyarrow as pa
from pandas import DataFrame, Series

from pinion_step.errors import StepError
from preprocess.reading import kinds, target
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import Schema, Target
from preprocess.reading.table import SplitWriter
from preprocess.reading.target import TargetType, Task, whole_numbers
from preprocess.rows.assignment import Assignment, Mask
from preprocess.rows.survey import Survey
from preprocess.sketches.statistics import FeatureStatistics


class SplitFiles:
    """Writes the two sides of the split, batch by batch, and gathers what the schema says."""

    def __init__(self, train: Path, test: Path, survey: Survey, metadata: dict[str, str]) -> None:
        self._survey = survey
        self._arrow = _arrow_schema(survey)
        self._train = SplitWriter(train, self._arrow, metadata, "train")
        self._test = SplitWriter(test, self._arrow, metadata, "test")
        columns = len(survey.kinds)
        self._statistics = [
            FeatureStatistics(name, kind, columns) for name, kind in survey.kinds.items()
        ]
        self._target_range = FeatureStatistics(survey.target, Kind.NUMERIC, columns)

    def write(self, features: DataFrame, values: Series, kept: Mask, test: Mask) -> None:
        """Append the rows that are kept, of features and targets in the types of their kinds.

        `test` is true only for rows that are kept.
        """
        frame = self._frame(features, values, kept)
        for column in self._statistics:
            column.update(frame[column.name])
        if self._survey.task is Task.REGRESSION:
            self._target_range.update(frame[self._survey.target])
        table = pa.Table.from_pandas(frame, self._arrow, preserve_index=False)
        self._train.write(table.filter(pa.array(~test[kept])))
        self._test.write(table.filter(pa.array(test[kept])))

    def schema(self, assignment: Assignment) -> Schema:
        """Return the schema of what was written."""
        features = tuple(column.feature() for column in self._statistics)
        return Schema(self._survey.task, self._target(assignment), features)

    def _frame(self, features: DataFrame, values: Series, kept: Mask) -> DataFrame:
        target = self._survey.target
        columns = {**features, target: values}
        frame = DataFrame({name: columns[name] for name in self._survey.columns}, copy=False)
        frame = frame if kept.all() else frame[kept]
        if self._survey.target_type is TargetType.INTEGER:
            frame[target] = whole_numbers(frame[target])
        return frame

    def _target(self, assignment: Assignment) -> Target:
        name, kind = self._survey.target, self._survey.target_type
        if self._survey.task is Task.CLASSIFICATION:
            return Target(name, kind, classes=tuple(each.label for each in assignment.classes))
        span = self._target_range.feature()
        if not isinstance(span.minimum, float) or not isinstance(span.maximum, float):
            raise StepError(f"--target: {name!r} has no values")
        return Target(name, kind, minimum=span.minimum, maximum=span.maximum)

    def __enter__(self) -> "SplitFiles":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(whole=kind is None)

    def close(self, *, whole: bool) -> None:
        """Finish both files, or leave them as they are where they are not to be whole."""
        try:
            self._train.close(whole=whole)
        finally:
            self._test.close(whole=whole)


def _arrow_schema(survey: Survey) -> pa.Schema:
    types = {name: kinds.ARROW_TYPES[kind] for name, kind in survey.kinds.items()}
    types[survey.target] = target.ARROW_TYPES[survey.target_type]
    return pa.schema([(name, types[name]) for name in survey.columns])
