"""The last pass: both sides of the split as Parquet, and the statistics of the rows kept."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pandas import DataFrame, Series

from pinion_step.formats.profile import Column
from pinion_step.outputs import Staged
from preprocess.reading import kinds, target
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import Label, Schema, Target
from preprocess.reading.target import TargetType, Task
from preprocess.rows.split import Mask
from preprocess.rows.survey import Survey
from preprocess.sketches.table_statistics import TableStatistics


@dataclass(frozen=True)
class Written:
    """What both files hold: their schema, and the columns of the profile.

    A target of classes is not among the columns.
    """

    schema: Schema
    columns: Mapping[str, Column]


class SplitFiles:
    """Writes the two sides of the split, batch by batch, and gathers their statistics."""

    def __init__(
        self, outputs: Staged, metadata: dict[str, str], profiled: bool, survey: Survey
    ) -> None:
        self._survey = survey
        types = {name: kinds.ARROW_TYPES[kind] for name, kind in survey.kinds.items()}
        types[survey.target] = target.ARROW_TYPES[survey.target_type]
        self._schema = pa.schema([(name, types[name]) for name in survey.columns])
        self._open = ExitStack()
        self._train, self._test = (
            self._open.enter_context(
                parquet_writer(
                    outputs[f"--{side}-data"],
                    self._schema.with_metadata({**metadata, "pinion.split": side}),
                )
            )
            for side in ("train", "test")
        )
        is_measured = survey.task is Task.REGRESSION
        measured = {survey.target: Kind.NUMERIC} if is_measured else {}
        self._statistics = TableStatistics({**survey.kinds, **measured}, profiled)

    def write(self, features: DataFrame, values: Series, kept: Mask, test: Mask) -> None:
        """Append the rows that are kept, of features and targets in the types of their kinds.

        `test` is true only for rows that are kept.
        """
        frame = self._frame(features, values, kept)
        self._statistics.update(frame)
        table = pa.Table.from_pandas(frame, self._schema, preserve_index=False)
        for writer, side in ((self._train, ~test[kept]), (self._test, test[kept])):
            rows = table.filter(pa.array(side))
            if len(rows):
                writer.write_table(rows)

    def finish(self, labels: Sequence[Label]) -> Written:
        """Finish both files, and return what they hold; `labels` are those of a classification."""
        self._train.close()
        self._test.close()
        survey, features = self._survey, self._statistics.features()
        name, kind, reading = survey.target, survey.target_type, survey.reading(survey.target)
        if survey.task is Task.CLASSIFICATION:
            target = Target(name, kind, classes=tuple(sorted(labels)), reading=reading)
        else:
            span = features.pop(name)
            target = Target(name, kind, minimum=span.minimum, maximum=span.maximum, reading=reading)
        read = (replace(each, reading=survey.reading(column)) for column, each in features.items())
        return Written(Schema(survey.task, target, tuple(read)), self._statistics.described())

    def close(self) -> None:
        """Close both files; what was not finished stays as it is."""
        self._open.close()

    def _frame(self, features: DataFrame, values: Series, kept: Mask) -> DataFrame:
        target = self._survey.target
        columns = {**features, target: values}
        frame = DataFrame({name: columns[name] for name in self._survey.columns}, copy=False)
        frame = frame if kept.all() else frame[kept]
        if self._survey.target_type is TargetType.INTEGER:
            frame[target] = frame[target].astype(np.int64)
        return frame


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Give a writer; a file whose writer was not closed in the body stays unfinished."""
    with path.open("wb") as file:
        writer = pq.ParquetWriter(file, schema)
        try:
            yield writer
        finally:
            # Else a failed write would be tried again when the writer is collected.
            writer.is_open = False
