"""What fits as scikit-learn's own does, to the last digit, and takes less memory meanwhile.

Only for fitting: `make_plain` turns what was fitted into scikit-learn's own, which loads where this
code is not installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

ROWS_AT_ONCE = 5_000


class LeanColumnTransformer(ColumnTransformer):
    """Puts sparse and dense columns side by side a few rows at a time.

    scikit-learn does it by way of coordinates, of which three times the result is there at once.
    """

    def _hstack(self, blocks: list[Any], *, n_samples: int) -> Any:
        if not self.sparse_output_:
            return super()._hstack(blocks, n_samples=n_samples)
        width = sum(block.shape[1] for block in blocks)
        stored = sum(
            block.nnz if sparse.issparse(block) else np.count_nonzero(block) for block in blocks
        )
        index = sparse.get_index_dtype(maxval=max(stored, width))
        numbers, columns = np.empty(stored), np.empty(stored, index)
        ends = np.zeros(n_samples + 1, index)
        for start in range(0, n_samples, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, n_samples)
            rows = super()._hstack([block[start:stop] for block in blocks], n_samples=stop - start)
            ends[start + 1 : stop + 1] = ends[start] + rows.indptr[1:]
            place = slice(ends[start], ends[stop])
            numbers[place], columns[place] = rows.data, rows.indices
        return sparse.csr_matrix((numbers, columns, ends), shape=(n_samples, width))


class LeanImputer(SimpleImputer):
    """Fits column by column: of each, the median takes four copies."""

    def _dense_fit(self, numbers: Any, strategy: str, *missing: Any) -> Any:
        fit = super()._dense_fit
        places = range(numbers.shape[1])
        found = [fit(numbers[:, [place]], strategy, *missing) for place in places]
        # Costs nothing, and sees which columns have missing values.
        fit(numbers, "constant", *missing)
        return np.concatenate(found)


def make_plain(preprocess: ColumnTransformer) -> None:
    """Turn a fitted transformer, and those in it, into scikit-learn's own."""
    preprocess.__class__ = ColumnTransformer
    for _, steps, _ in [*preprocess.transformers, *preprocess.transformers_]:
        for step in steps.named_steps.values() if isinstance(steps, Pipeline) else [steps]:
            if isinstance(step, LeanImputer):
                step.__class__ = SimpleImputer
