"""Remember for which causes a message was posted, so that each is posted once."""

import json
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pipelines.system.errors import PinionError
from pipelines.system.workspace import user_cache, whole

# What is different each time: a word with a digit, such as a measure, an id or a time.
_EACH_TIME = re.compile(r"\S*[0-9]\S*")


def default_path() -> Path:
    """Return where the causes are kept unless another file is named."""
    return user_cache() / "told" / "deployed.json"


def cause_of(state: str, reason: str) -> str:
    """Return what makes a cause another one: the words, but no numbers, ids and times."""
    return f"{state}: {_EACH_TIME.sub('#', reason)}"


class Posted:
    """The causes that were posted, for each cluster and schedule, in a small file."""

    def __init__(self, path: Path, cluster: str) -> None:
        self._path = path
        self._cluster = cluster
        self._clusters = _load(path)
        self._causes = dict(self._clusters.get(cluster) or {})

    def knows(self, schedule: str, cause: str) -> bool:
        """Return whether the last message about a schedule had this cause."""
        return self._causes.get(schedule) == cause

    def add(self, schedule: str, cause: str) -> None:
        """Remember a cause, at once."""
        self._save({**self._causes, schedule: cause})

    def keep(self, bad: Collection[str]) -> None:
        """Forget the causes of all schedules but these, so that they are posted if they return."""
        left = {name: cause for name, cause in self._causes.items() if name in bad}
        if left != self._causes:
            self._save(left)

    def _save(self, causes: dict[str, str]) -> None:
        self._causes = causes
        clusters = {**self._clusters, self._cluster: causes}
        try:
            with whole(self._path) as partial:
                partial.write_text(json.dumps(clusters, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            print(
                f"{self._path} cannot be written ({error.strerror}), so the same message is posted"
                " the next time; name another file with --state",
                file=sys.stderr,
            )


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
        if all(isinstance(each, dict) for each in found.values()):
            return dict(found)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, AttributeError):
        pass
    raise PinionError(
        f"{path} is not a file that --webhook wrote; delete it, or name another with --state"
    )
