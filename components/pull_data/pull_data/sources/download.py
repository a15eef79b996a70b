"""Download a URL."""

from collections.abc import Mapping
from pathlib import Path

from pinion_step.sources.source import WebSource
from pinion_step.sources.transfer import Log, Patience
from pinion_step.sources.version import check_version, is_of_bytes, of_answer
from pinion_step.sources.web import read_web
from pull_data.sources.room import Room


def download(
    source: WebSource,
    target: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
    version: str = "",
) -> None:
    """Write the body of a URL to `target`.

    Raises `StepError` if the server refuses, or still fails at the last try, or has another
    version, or more to give than there is room for.
    """
    room = room or Room.beside(source.name, target)

    def look(headers: Mapping[str, str]) -> None:
        if not is_of_bytes(version):
            check_version(source.name, of_answer(headers), version)

    read_web(source, lambda: target.open("wb"), log, patience or Patience(), look, room.hold)
