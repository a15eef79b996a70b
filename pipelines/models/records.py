"""Read what an MLflow run records about the inputs and outputs of each step."""

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
    """A step's parameters, and the SHA-256 of its inputs and of the outputs that it reports."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Record":
        """Parse a record, without unknown keys; raise `ValueError` if it is not one."""
        document = json.loads(text)
        parts = [document.get(name, {}) for name in ("parameters", "inputs", "outputs")]
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError("parameters, inputs and outputs must be objects")
        return cls(*parts)


def read_records(client: Any, run_id: str) -> dict[str, Record]:
    """Return the records of an MLflow run by component; empty if its steps kept none.

    Raises `PinionError` if a record cannot be read.
    """
    records = {}
    with TemporaryDirectory() as folder:
        for listed in client.list_artifacts(run_id, _FOLDER):
            path = Path(client.download_artifacts(run_id, listed.path, folder))
            try:
                records[path.stem] = Record.parse(path.read_text())
            except (ValueError, AttributeError) as error:
                raise PinionError(
                    f"the artifact {listed.path} of the MLflow run {run_id} is not a step's"
                    f" record: {error}"
                ) from error
    return records
