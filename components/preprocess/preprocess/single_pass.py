"""The attempt to split the table in a single pass, from what its first rows suggest.

Usually the first batch decides the kinds of the columns and the task, no row is repeated, and the
place of a row alone decides its side of the split. Then the later passes would number and write the
same, and they are skipped; otherwise they do it again. If the first batch is the whole table, it
waits for what the whole table decides.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pandas import DataFrame, Series

from pinion_step.errors import StepError
from preprocess.reading.background import BackgroundWriter
from preprocess.reading.batch import Batch
from preprocess.rows.assignment import Numbered, Numbering
from preprocess.rows.split import Mask, likely_test
from preprocess.rows.survey import Survey, survey
from preprocess.settings import Settings
from preprocess.sketches.hashing import Hashes, repeats
from preprocess.sketches.profiles import Rows
from preprocess.writing import SplitFiles, Written

# More are likely numbers that the first rows did not show, or too rare to be split.
_MOST_CLASSES = 1 << 14


class SinglePass:
    """Numbers and writes the batches that another pass reads, for as long as that may hold."""

    def __init__(
        self, rows: int, settings: Settings, new_files: Callable[[Survey], SplitFiles]
    ) -> None:
        self._rows = rows
        self._settings = settings
        self._new_files = new_files
        self._numbering: Numbering | None = None
        self._files: SplitFiles | None = None
        self._test: list[Mask] = []
        self._whole: Batch | None = None
        self._beside = BackgroundWriter()

    def watch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield each batch after it was taken into account."""
        for number, batch in enumerate(batches):
            if len(batch.frame) == self._rows:
                self._whole = batch
            elif not number:
                self._begin(batch)
            if self._numbering:
                self._take(batch, self._numbering)
            yield batch

    def numbering(self, found: Survey) -> Numbering | None:
        """Return the numbering, and let go of it, if the whole table is as its first rows."""
        if self._whole:
            self._take(self._whole, self._start(found))
        numbering, self._numbering = self._numbering, None
        if numbering and numbering.survey == found:
            return numbering
        self._drop_files()
        return None

    def written(self, numbered: Numbered, test: Mask) -> Written | None:
        """Finish what was written and return what it is, or None if it has to be repeated."""
        self._beside.wait()
        if not self._files or numbered.duplicates:
            return None
        as_assigned = np.array_equal(np.concatenate(self._test), test)
        return self._files.finish(numbered.labels) if as_assigned else None

    def close(self) -> None:
        """Close the files; what was not finished stays as it is."""
        self._beside.close()
        if self._files:
            self._files.close()

    def _begin(self, batch: Batch) -> None:
        try:
            expected = survey([batch], self._rows, self._settings.asked, lambda: [batch])
        except StepError:
            # Only the whole table says whether that is an error.
            return
        self._start(expected)

    def _start(self, expected: Survey) -> Numbering:
        self._numbering = numbering = Numbering(expected, self._rows)
        self._files = self._new_files(expected)
        return numbering

    def _take(self, batch: Batch, numbering: Numbering) -> None:
        try:
            rows, hashes = numbering.update(batch)
        except pa.ArrowInvalid:
            # A value of another kind than in the first rows.
            rows = None
        if rows is None or len(numbering.classes) > _MOST_CLASSES:
            self._numbering = None
            self._drop_files()
        elif self._files:
            self._write(rows, hashes, self._files)

    def _write(self, rows: Rows, hashes: Hashes, files: SplitFiles) -> None:
        if self._settings.duplicates == "drop" and repeats(hashes, rows.targets).any():
            self._drop_files()
            return
        kept = rows.codes >= 0
        test = likely_test(hashes, self._settings.test_fraction, self._settings.seed) & kept
        self._test.append(test)
        # Not the rows, so that their hashes need not wait for the writer.
        self._beside.do(partial(_write, files, rows.features, rows.values, kept, test))

    def _drop_files(self) -> None:
        self._beside.wait()
        files, self._files = self._files, None
        if files:
            files.close()


def _write(files: SplitFiles, features: DataFrame, values: Series, kept: Mask, test: Mask) -> None:
    # A target may turn out not to be whole numbers; then this is written again.
    with np.errstate(invalid="ignore"):
        files.write(features, values, kept, test)
