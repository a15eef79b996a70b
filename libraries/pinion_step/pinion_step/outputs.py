"""Outputs that appear together and whole, or not at all."""

import json
import os
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pinion_step.cli import refuse_shared
from pinion_step.errors import StepError, reason


class Staged:
    """Temporary paths beside the outputs, by their flags."""

    def __init__(self, outputs: Mapping[str, Path]) -> None:
        self._outputs = dict(outputs)
        self._stages = {
            flag: output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}.tmp")
            for flag, output in outputs.items()
        }

    def __getitem__(self, flag: str) -> Path:
        """Return the temporary path to write an output to."""
        return self._stages[flag]

    def publish(self) -> None:
        """Move every output to its place, over what an earlier call left there."""
        for flag, output in self._outputs.items():
            stage = self._stages[flag]
            old = stage.with_suffix(".old")
            if output.is_dir():
                os.replace(output, old)
            os.replace(stage, output)
            _remove(old)
        self._outputs = {}

    def prepare(self, folders: Collection[str]) -> None:
        """Make the missing parent folders, and find out now whether they can be written to."""
        for flag, stage in self._stages.items():
            with _naming(stage):
                stage.parent.mkdir(parents=True, exist_ok=True)
                stage.touch(exist_ok=False)
                if flag in folders:
                    stage.unlink()

    def remove(self) -> None:
        """Remove what was not published."""
        for stage in self._stages.values():
            _remove(stage)


@contextmanager
def staged(
    files: Mapping[str, Path], folders: Mapping[str, Path] | None = None
) -> Iterator[Staged]:
    """Give a temporary path for each output, and move all into place when the body ends well.

    The keys are the flags of the outputs. If the body raises, nothing is left. Raises
    `WrongCallError` if two outputs have one path, `StepError` if one cannot be written.
    """
    outputs = {**files, **(folders or {})}
    refuse_shared(outputs)
    for flag, output in files.items():
        if output.exists() and not output.is_file():
            raise StepError(f"{flag}: {output} is a folder or a device; give the path of a file")
    stages = Staged(outputs)
    try:
        stages.prepare(folders or ())
        yield stages
        stages.publish()
    finally:
        stages.remove()


def write_text(stage: Path, text: str) -> None:
    """Write a text as UTF-8; raises `StepError` that names the folder."""
    with _naming(stage):
        stage.write_text(text, encoding="utf-8")


def to_json(document: Mapping[str, object]) -> str:
    """Return a document as JSON, in which equal documents have equal bytes."""
    return (
        json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


@contextmanager
def _naming(stage: Path) -> Iterator[None]:
    """Name the folder if the body fails, because the message of a full disk names nothing."""
    try:
        yield
    except OSError as error:
        raise StepError(
            f"cannot write in the folder {stage.parent}: {error.strerror or reason(error)}; give a"
            " folder that can be written to and has space left"
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        # If the folder could not be made, there is nothing to remove.
        with suppress(OSError):
            path.unlink(missing_ok=True)
