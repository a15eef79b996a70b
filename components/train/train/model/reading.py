"""What lets a model read rows as they stand in a file: the schema, and the code that applies it."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from mlflow.models import Model

from pinion_step.reading.served import SCHEMA

# MLflow imports the code of a model from this folder.
CODE = "code"
PACKAGE = "pinion_step"
LOADER = f"{PACKAGE}.reading.served"
# All that the loader imports beside pandas and MLflow.
SOURCES = (
    "__init__.py",
    *(f"reading/{name}.py" for name in ("__init__", "readings", "rows", "served")),
)


def add_reading(folder: Path, schema: Path) -> None:
    """Let a saved model read rows, in the way that the schema says, before it predicts them."""
    shutil.copyfile(schema, folder / SCHEMA)
    for name in SOURCES:
        copy = folder / CODE / PACKAGE / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        # The program may be a zip file.
        copy.write_bytes(files(PACKAGE).joinpath(name).read_bytes())
    model = Model.load(str(folder))
    for flavor in model.flavors.values():
        flavor["code"] = CODE
    model.flavors["python_function"]["loader_module"] = LOADER
    model.save(str(folder / "MLmodel"))
