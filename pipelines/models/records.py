"""What the run of a model says that each step was given and gave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.system.errors import PinionError

_FOLDER = "lineage"


@dataclass(frozen=True)
class Record:
    """A step's parameters, and the SHA-256 of what it read and of what only it can tell it gave."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Record":
        """Raises `ValueError` for what is none; keys that it does not know are left out."""
        document = json.loads(text)
        parts = [document.get(name, {}) for name in ("parameters", "inputs", "outputs")]
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError("parameters, inputs and outputs must be objects")
        return cls(*parts)


def read_records(client: Any, run_id: str) -> dict[str, Record]:
    """The records of an MLflow run, by component; none where its steps kept none.

    Raises `PinionError` for one that cannot be read.
    """
    records = {}
    with TemporaryDirectory() as folder:
        for listed in client.list_artifacts(run_id, _FOLDER):
            path = Path(client.download_artifacts(run_id, listed.path, folder))
            try:
                records[path.stem] = Record.parse(path.read_text())
            except (ValueError, AttributeError) as error:
                raise PinionError(
                    f"the artifact {listed.path} of the MLflow run {run_id} is no record of a"
                    f" step: {error}"
                ) from error
    return records
