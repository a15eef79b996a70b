"""The MLmodel file of an MLflow model folder."""

import re
from pathlib import Path
from typing import Any

from pinion_step.errors import StepError

_ADVICE = "give the model folder that train wrote"


def read_mlmodel(folder: Path) -> dict[str, Any]:
    """Return the content of the MLmodel file of a folder; raises `StepError`."""
    import yaml

    path = folder / "MLmodel"
    if not path.is_file():
        raise StepError(
            f"{folder} is not an MLflow model folder, because it has no MLmodel file; {_ADVICE}"
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StepError(f"{path} is not valid YAML ({error}); {_ADVICE}") from error
    if not isinstance(document, dict):
        raise StepError(f"{path} is not an MLmodel file, because it has no keys; {_ADVICE}")
    return document


def identifier(folder: Path, document: dict[str, Any], key: str) -> str:
    """Return an id in the document; raises `StepError` for one that no request could hold."""
    value = document.get(key)
    # It goes into requests to MLflow, and into a search expression, which has no quoting.
    if not isinstance(value, str) or not re.fullmatch(r"[\w-]+", value):
        raise StepError(f"the MLmodel file of {folder} has no usable {key} ({value!r}); {_ADVICE}")
    return value
