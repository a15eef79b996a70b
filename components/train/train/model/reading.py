"""What lets a model read rows as they stand in a file: the schema, and the code that applies it."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from mlflow.models import Model

from pinion_step.reading.served import SCHEMA

# MLflow imports the code of a model from this folder.
CODE = "code"
LIBRARY = "pinion_step.reading"
# Under the library's own name it would hide the library from processes that a step starts.
PACKAGE = "pinion_reading"
LOADER = f"{PACKAGE}.served"
# All that the loader imports beside pandas and MLflow.
MODULES = ("__init__", "readings", "rows", "served")


def add_reading(folder: Path, schema: Path) -> None:
    """Let a saved model read rows, in the way that the schema says, before it predicts them."""
    shutil.copyfile(schema, folder / SCHEMA)
    package = folder / CODE / PACKAGE
    package.mkdir(parents=True)
    for name in MODULES:
        # The program may be a zip file.
        source = files(LIBRARY).joinpath(f"{name}.py").read_text(encoding="utf-8")
        (package / f"{name}.py").write_text(source.replace(LIBRARY, PACKAGE), encoding="utf-8")
    model = Model.load(str(folder))
    for flavor in model.flavors.values():
        flavor["code"] = CODE
    model.flavors["python_function"]["loader_module"] = LOADER
    model.save(str(folder / "MLmodel"))
