"""The MLmodel file of an MLflow model folder."""

import re
from pathlib import Path
from typing import Any

from pinion_step.errors import StepError


def read_mlmodel(folder: Path) -> dict[str, Any]:
    """Return what the MLmodel file of a folder says; raises `StepError`."""
    import yaml

    path = folder / "MLmodel"
    if not path.is_file():
        raise StepError(
            f"{folder} is not an MLflow model folder, because it has no MLmodel file; give train's"
            " output"
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StepError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise StepError(f"{path} is not an MLmodel file: it holds no keys")
    return document


def identifier(folder: Path, document: dict[str, Any], key: str) -> str:
    """Return an id in the document; raises `StepError` for one that no request could hold."""
    value = document.get(key)
    # It goes into requests to MLflow, and into a search expression, which has no quoting.
    if not isinstance(value, str) or not re.fullmatch(r"[\w-]+", value):
        raise StepError(
            f"the MLmodel file of {folder} has no usable {key}, but {value!r}; give train's model"
        )
    return value
