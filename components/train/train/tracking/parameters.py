"""The parameters of the run in MLflow: those by which a person compares runs."""

from collections.abc import Mapping

from sklearn.base import BaseEstimator

from pinion_step.errors import WrongCallError
from train.data.dataset import Dataset
from train.data.schema import Schema
from train.model.cross_validation import Folds
from train.model.pipeline import RESERVED
from train.models import find_model
from train.options import Options
from train.search.trials import LONGEST_PARAMETER, describe_params
from train.tracking.results import BEST_TRIAL

# Parameters of estimators that say nothing about the model, or repeat another parameter.
SILENT = {*RESERVED, "n_jobs", "random_state"}


def run_parameters(
    options: Options, schema: Schema, data: Dataset, folds: Folds, estimator: BaseEstimator
) -> dict[str, str]:
    """Return the parameters of the run that describe the table and the model."""
    rows, columns = data.features.shape
    return {
        **describe_params(telling(estimator, options, schema.task)),
        "cv_folds": str(folds.number),
        **{name: str(value)[:LONGEST_PARAMETER] for name, value in schema.judged.items()},
        "rows": str(rows),
        "columns": str(columns),
        "model": options.model,
        "seed": str(options.seed),
    }


def telling(estimator: BaseEstimator, options: Options, task: str) -> dict[str, object]:
    """Return the estimator's parameters that a search varies by default, or that were chosen.

    The others have scikit-learn's defaults in every run; the model's files hold them all.
    """
    model = find_model(task, options.model)
    defaults = model.make().get_params()
    return {
        name: value
        for name, value in sorted(estimator.get_params().items())
        if name in model.space
        or name in options.model_params
        or (name not in SILENT and str(value) != str(defaults[name]))
    }


def refuse_taken_names(
    params: Mapping[str, str], estimator: BaseEstimator, options: Options
) -> None:
    """Raise `WrongCallError` if a parameter of the user has a name that train records itself."""
    recorded = {*params, *estimator.get_params(), BEST_TRIAL}
    taken = sorted(recorded & set(options.experiment_parameters))
    if taken:
        raise WrongCallError(
            f"--experiment-parameters: {taken[0]!r} is recorded by train itself; give another name"
        )
