"""Virtual environments in the user's cache, each made once from the locks that name it."""

import hashlib
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from pipelines.environments.damage import Damage, find_damage, record_sizes
from pipelines.environments.uv import Started, StoppedInstallingError, Tell, Uv
from pipelines.system.errors import PinionError
from pipelines.system.shared_folders import Held, SharedFolders
from pipelines.system.workspace import Workspace

# Changed if environments of the same locks are made in another way.
_SCHEME = "1"
# Written last; says what files there are.
COMPLETE = ".complete"
# One takes up to 500 MB, of which most is shared with uv's own cache.
_KEPT = 24
_KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Environment:
    """A whole environment, held until this process ends or lets go of it."""

    held: Held

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.held.folder

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def damage(self, content: bool) -> Damage | None:
        """Return what is broken in it, or None; `content` compares every byte, not only sizes."""
        return find_damage(self.folder, COMPLETE, content)


@dataclass(frozen=True)
class Environments:
    """The environments of a user, in one folder that all clones share."""

    workspace: Workspace
    started: Started = field(default_factory=Started)
    kept: int = _KEPT

    @property
    def root(self) -> Path:
        """Where they are."""
        return self.workspace.cache / "environments"

    @property
    def _folders(self) -> SharedFolders:
        return SharedFolders(self.root, self.kept, _KEPT_SECONDS)

    def ready(self, name: str, locks: Sequence[bytes], tell: Tell) -> Environment:
        """Return the environment that holds what the locks say, made first if there is none.

        `name` is for people who look into the folder. Raises `PinionError`, one line that says what
        to do, if it cannot be made.
        """
        make = partial(self._make, locks=locks, tell=tell)
        wait = partial(self._wait, tell)
        try:
            return Environment(self._folders.held(_key(name, locks), _is_whole, make, wait))
        except OSError as error:
            raise PinionError(
                f"the environment of {name} cannot be made in {self.root}: {error.strerror};"
                " make room there, or set XDG_CACHE_HOME to a folder that you can write to"
            ) from error
        except StoppedInstallingError:
            raise
        except PinionError as error:
            raise PinionError(f"the environment of {name} cannot be made: {error}") from error

    def discard(self, environment: Environment, damage: Damage) -> None:
        """Have it made anew by who needs it next, from files that are downloaded again."""
        # Nobody takes it from now on; who has it keeps it.
        (environment.folder / COMPLETE).unlink(missing_ok=True)
        if damage.distributions:
            # Its files are those in uv's cache, too, by hard links. By force, because uv
            # would wait for every `uv run` to end.
            clean = ["cache", "clean", "--force", *damage.distributions]
            with suppress(PinionError):
                self._uv(lambda _text: None).run(clean)

    def _wait(self, tell: Tell) -> None:
        if self.started.stopped:
            raise StoppedInstallingError
        tell("waiting for another run that is at it")

    def _make(
        self, folder: Path, held_by: IO[bytes], *, locks: Sequence[bytes], tell: Tell
    ) -> None:
        if self.started.stopped:
            raise StoppedInstallingError
        tell("starting")
        uv = self._uv(tell, held_by)
        # Relocatable, because it is renamed once it is whole.
        python = Path(sys.executable).resolve()
        uv.run(["venv", "--quiet", "--no-project", "--relocatable", "--python", python, folder])
        files = []
        for number, lock in enumerate(locks):
            files.append(folder / f"{number}.lock")
            files[-1].write_bytes(lock)
        uv.run(["pip", "sync", "--require-hashes", "--python", folder, *files])
        record_sizes(folder, COMPLETE)

    def _uv(self, tell: Tell, held_by: IO[bytes] | None = None) -> Uv:
        return Uv(self.root, tell, self.started, held_by)


def _is_whole(folder: Path) -> bool:
    # The interpreter that it was made with may have been removed since.
    complete = folder / COMPLETE
    return complete.exists() and complete.stat().st_size > 0 and (folder / "bin/python").exists()


def _key(name: str, locks: Sequence[bytes]) -> str:
    interpreter = f"{sys.version} {Path(sys.executable).resolve()} {sysconfig.get_platform()}"
    parts = [_SCHEME.encode(), interpreter.encode(), *locks]
    digests = "".join(hashlib.sha256(part).hexdigest() for part in parts)
    return f"{name}-{hashlib.sha256(digests.encode()).hexdigest()[:16]}"
