"""The model folder: what its MLmodel file says, and the estimator in it."""

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from pinion_step.errors import StepError
from pinion_step.mlmodel import identifier, read_mlmodel

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TASKS = ("classification", "regression")

# What skops may load beyond its own list of harmless types. The list inside a model folder does not
# count, because whoever makes a harmful file writes that list too.
TRUSTED_TYPES = (
    "functools.partial",  # skops asks for the function in it as well
    "numpy.asarray",  # turns dates into numbers inside the pipeline
    "numpy.dtype",  # its argument there
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",  # gradient boosting
    "sklearn.model_selection._split.KFold",  # how an encoder of the target splits
    "sklearn.tree._tree.Tree",  # random forests
    "sklearn.utils.validation.check_array",  # what scikit-learn's encoders check with
)


class Estimator(Protocol):
    """The methods of every scikit-learn estimator; classifiers have more."""

    def predict(self, features: "pd.DataFrame") -> "np.ndarray":
        """Return the predictions, of shape (rows,)."""

    def get_params(self) -> dict[str, Any]:
        """Return the parameters; those of a pipeline's steps are named `step__name`."""

    def set_params(self, **params: object) -> Self:
        """Set parameters that `get_params` returns."""


@dataclass(frozen=True)
class ModelFolder:
    """The contents of the MLmodel file of a scikit-learn model in skops format.

    `positive_class` is None unless there are two classes, and in models of earlier releases.
    """

    model_id: str
    run_id: str
    target: str
    task: str
    sklearn_version: str
    estimator_file: Path
    positive_class: int | str | None = None


def read_model_folder(folder: Path) -> ModelFolder:
    """Parse `folder/MLmodel`; raises `StepError` if train did not write the model."""
    document = read_mlmodel(folder)
    metadata = _field(folder, document, "metadata", dict)
    task = _field(folder, metadata, "task", str)
    if task not in TASKS:
        raise StepError(
            f"the model {folder} is for the task {task!r}; evaluate supports {' and '.join(TASKS)}"
        )
    flavor = _field(folder, _field(folder, document, "flavors", dict), "sklearn", dict)
    return ModelFolder(
        model_id=identifier(folder, document, "model_id"),
        run_id=identifier(folder, document, "run_id"),
        target=_field(folder, metadata, "target", str),
        task=task,
        sklearn_version=_field(folder, flavor, "sklearn_version", str),
        estimator_file=_estimator_file(folder, flavor),
        positive_class=metadata.get("positive_class"),
    )


def load_estimator(model: ModelFolder) -> Estimator:
    """Load the estimator; raises `StepError` if it holds types that are not trusted."""
    _check_sklearn(model)
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    path = model.estimator_file
    try:
        if unknown := set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_TYPES):
            raise StepError(
                f"the model {path} holds types that are not trusted: {', '.join(sorted(unknown))}; "
                "if they are harmless, add them to TRUSTED_TYPES in evaluate/inputs/model.py"
            )
        with warnings.catch_warnings():
            # scikit-learn warns about every other version. A different patch release is harmless,
            # and any larger difference was refused above.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            return _single_threaded(skops.io.load(path, trusted=list(TRUSTED_TYPES)))
    except (StepError, OSError, MemoryError):
        raise
    except Exception as error:  # a damaged file can make skops raise anything
        raise StepError(
            f"the model {path} cannot be loaded ({type(error).__name__}: {error}); train it again"
        ) from error


def _single_threaded(estimator: Estimator) -> Estimator:
    # The threads of a forest add up probabilities in an order that varies, and the last digits
    # vary with it.
    jobs = [name for name in estimator.get_params() if name.split("__")[-1] == "n_jobs"]
    return estimator.set_params(**dict.fromkeys(jobs, 1))


def _check_sklearn(model: ModelFolder) -> None:
    installed = version("scikit-learn")
    if model.sklearn_version.split(".")[:2] != installed.split(".")[:2]:
        raise StepError(
            f"the model {model.estimator_file.parent} was made with scikit-learn "
            f"{model.sklearn_version}, but {installed} is installed here; use versions of train "
            "and evaluate with the same scikit-learn"
        )


def _estimator_file(folder: Path, flavor: dict[str, Any]) -> Path:
    saved_as = _field(folder, flavor, "serialization_format", str)
    if saved_as != "skops":
        raise StepError(
            f"the model {folder} is saved as {saved_as}, which can run any code when loaded; "
            "log it with serialization_format='skops'"
        )
    name = _field(folder, flavor, "pickled_model", str)
    if Path(name).name != name or not (folder / name).is_file():
        raise StepError(f"the model {folder} has no estimator file {name!r}; train it again")
    return folder / name


def _field(folder: Path, section: dict[str, Any], key: str, kind: type) -> Any:
    value = section.get(key)
    if not isinstance(value, kind) or not value:
        raise StepError(f"the MLmodel file of {folder} has no {key}; give train's model folder")
    return value
