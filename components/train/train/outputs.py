"""Outputs that appear whole, and all of them or none."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


class StagedOutputs:
    """Temporary siblings of the outputs, moved into place together by `publish`.

    As a context manager it removes what was not published.
    """

    def __init__(self) -> None:
        self._staged: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for temporary in self._staged.values():
            _remove(temporary)

    def stage(self, output: Path) -> None:
        """Choose the temporary path of `output`; makes the missing parent folders."""
        output.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(output.parent, os.W_OK):
            raise PermissionError(13, "cannot be written to", str(output.parent))
        self._staged[output] = output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}.tmp")

    def staged(self, output: Path) -> Path:
        """Return the temporary path to write `output` to."""
        return self._staged[output]

    def publish(self) -> None:
        """Move every staged output to its place, over what an earlier call left there."""
        for output, temporary in self._staged.items():
            if output.is_dir():
                old = temporary.with_suffix(".old")
                os.replace(output, old)
                os.replace(temporary, output)
                _remove(old)
            else:
                os.replace(temporary, output)


def write_json(path: Path, document: Mapping[str, float]) -> None:
    """Write a document whose bytes depend on its content only."""
    path.write_text(json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
