"""The parameters of the run in MLflow."""

import json
from collections.abc import Mapping

from sklearn.base import BaseEstimator

from pinion_step.errors import WrongCallError
from train.data.dataset import Dataset
from train.data.schema import Schema
from train.model.cross_validation import Folds
from train.options import Options
from train.search.trials import LONGEST_PARAMETER, describe_params

FOUND = ("search.best_trial", "search.failed_trials")  # parameters that only a search knows


def run_parameters(
    options: Options, schema: Schema, data: Dataset, folds: Folds, estimator: BaseEstimator
) -> dict[str, str]:
    """Return the parameters of the run that describe the table and the model."""
    rows, columns = data.features.shape
    return {
        "cv_folds": str(folds.number),
        **{name: str(value)[:LONGEST_PARAMETER] for name, value in schema.judged.items()},
        "rows": str(rows),
        "columns": str(columns),
        "model": options.model,
        "model_params": json.dumps(options.model_params, sort_keys=True)[:LONGEST_PARAMETER],
        "seed": str(options.seed),
        **describe_params(estimator.get_params()),
    }


def refuse_taken_names(params: Mapping[str, str], options: Options) -> None:
    """Raise `WrongCallError` if a parameter of the user has a name that train records itself."""
    recorded = {*params, *FOUND} if options.search else set(params)
    taken = sorted(recorded & set(options.experiment_parameters))
    if taken:
        raise WrongCallError(
            f"--experiment-parameters: {taken[0]!r} is recorded by train itself; give another name"
        )
