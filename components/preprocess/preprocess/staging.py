"""Outputs that appear together and whole, or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from preprocess.errors import PreprocessError, reason


@contextmanager
def staged(outputs: dict[str, Path]) -> Iterator[dict[str, Path]]:
    """Give a temporary path beside each output; they are moved when the block ends well.

    The keys are the flags of the outputs. Raises PreprocessError where one cannot be a file.
    """
    if len({path.absolute() for path in outputs.values()}) < len(outputs):
        raise PreprocessError("two outputs have the same path; give each its own", exit_code=2)
    with ExitStack() as stack:
        parts = {flag: _part(flag, path, stack) for flag, path in outputs.items()}
        yield parts
        for flag, part in parts.items():
            part.replace(outputs[flag])


def _part(flag: str, output: Path, stack: ExitStack) -> Path:
    if output.exists() and not output.is_file():
        raise PreprocessError(f"{flag}: {output} is a folder or a device; give the path of a file")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(
                prefix=f".{output.name}.", dir=output.parent, ignore_cleanup_errors=True
            )
        )
    except OSError as error:
        raise PreprocessError(f"{flag}: {output} cannot be written: {reason(error)}") from None
    return Path(folder) / "part"
