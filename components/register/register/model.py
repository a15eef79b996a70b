"""The model folder: which logged model it is."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from register.errors import RegisterError


@dataclass(frozen=True)
class ModelFolder:
    """The ids in the MLmodel file."""

    model_id: str
    run_id: str

    @property
    def uri(self) -> str:
        """The source of the model's registered versions, by which they are found again."""
        return f"models:/{self.model_id}"


def read_model_folder(folder: Path) -> ModelFolder:
    """Parses `folder/MLmodel`; raises RegisterError when it names no logged model."""
    document = _read_yaml(folder)
    return ModelFolder(_id(folder, document, "model_id"), _id(folder, document, "run_id"))


def _read_yaml(folder: Path) -> dict[str, Any]:
    path = folder / "MLmodel"
    if not path.is_file():
        raise RegisterError(
            f"{folder} is no MLflow model folder, as it has no MLmodel file; give train's output"
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RegisterError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise RegisterError(f"{path} is not an MLmodel file: it holds no keys")
    return document


def _id(folder: Path, document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    # It goes into a search expression, which has no quoting.
    if not isinstance(value, str) or not re.fullmatch(r"[\w-]+", value):
        raise RegisterError(
            f"the MLmodel file of {folder} has no usable {key}, but {value!r}; give train's model"
        )
    return value
