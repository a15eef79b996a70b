"""A file or a folder of this machine, which is read in place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinion_step.errors import StepError
from pinion_step.sources.local import look
from pinion_step.sources.version import check_version
from pull_data.formats.folder import check_is_parquet, hashed
from pull_data.sources.fetched import Fetched


@contextmanager
def read_in_place(path: Path, name: str, version: str = "") -> Iterator[Fetched]:
    """Give what is at a path, hashed; `name` stands for it in messages.

    Raises `StepError` if it cannot be read, has another version, or changes meanwhile.
    """
    before = look(path, name)
    check_version(name, before.version, version)
    try:
        if path.is_dir():
            # All before any is hashed, which may take long.
            for each in before.files:
                check_is_parquet(path / each, each, name)
        yield Fetched(name, tuple(hashed(each, path / each, name) for each in before.files))
    except StepError:
        # What was rewritten meanwhile may look damaged.
        before.check_unchanged()
        raise
    before.check_unchanged()
