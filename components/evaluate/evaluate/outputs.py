"""Output files that appear whole or not at all."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from evaluate.errors import WRONG_CALL, EvaluateError


@contextmanager
def staged(targets: Sequence[Path]) -> Iterator[list[Path]]:
    """Gives an empty file beside each target; all are moved to their targets when the body is done.

    When the body raises, nothing is left. Missing parent folders are made. Raises EvaluateError
    when two targets are one file or a target is a folder.
    """
    _check(targets)
    stages = [target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp") for target in targets]
    try:
        for stage in stages:
            with _naming(stage):
                stage.parent.mkdir(parents=True, exist_ok=True)
                stage.touch(exist_ok=False)
        yield stages
        for stage, target in zip(stages, targets, strict=True):
            stage.replace(target)
    finally:
        for stage in stages:
            # Where the folder could not be made there is nothing to remove.
            with suppress(OSError):
                stage.unlink()


def executor_output(executor_input: str) -> Path | None:
    """Where KFP reads what a program says of its outputs; None where nobody asks.

    Raises ValueError for what is not KFP's message.
    """
    if not executor_input.strip():
        return None
    try:
        return Path(str(json.loads(executor_input)["outputs"]["outputFile"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("is not KFP's executor input with its outputs.outputFile") from None


def fill(stage: Path, text: str) -> None:
    """Writes the text into one of the files that `staged` gave."""
    with _naming(stage):
        stage.write_text(text, encoding="utf-8")


@contextmanager
def _naming(stage: Path) -> Iterator[None]:
    """Names the folder in what goes wrong; a full disk's own message names nothing."""
    try:
        yield
    except OSError as error:
        raise EvaluateError(
            f"cannot write in the folder {stage.parent}: {error.strerror}; give a folder that can "
            "be written to and has space left"
        ) from error


def _check(targets: Sequence[Path]) -> None:
    if len({target.resolve() for target in targets}) < len(targets):
        raise EvaluateError(
            f"two outputs have the same path {targets[0]}; give each its own", WRONG_CALL
        )
    for target in targets:
        if target.is_dir():
            raise EvaluateError(f"the output {target} is a folder; give the path of a file")
