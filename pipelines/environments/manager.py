"""Make virtual environments in the user's cache, each once from the locks that define it."""

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

# Changes when the way in which environments are made changes.
_SCHEME = "1"
# Written last; lists the files of the environment.
COMPLETE = ".complete"
# An environment takes up to 500 MB, most of it shared with uv's own cache. The tests of one clone
# need about 30.
_KEPT = 60
_KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Environment:
    """A whole environment, held until this process ends or releases it."""

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
        """Return what is broken in it, or None; `content` compares bytes, not only sizes."""
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

    def ready(self, name: str, locks: Sequence[bytes], tell: Tell) -> Environment:
        """Return the environment that the locks describe, after making it if there is none.

        `name` is for people who look into the folder. Raise `PinionError`, with one line that says
        what to do, if the environment cannot be made.
        """
        folders = SharedFolders(self.root, self.kept, _KEPT_SECONDS)
        make = partial(self._make, locks=locks, tell=tell)
        try:
            return Environment(
                folders.held(_key(name, locks), _is_whole, make, partial(self._wait, tell))
            )
        except OSError as error:
            raise PinionError(
                f"the environment of {name} cannot be made in {self.root}: {error.strerror};"
                " free some space there, or set XDG_CACHE_HOME to a folder that you can write to"
            ) from error
        except PinionError as error:
            raise PinionError(f"the environment of {name} cannot be made: {error}") from error

    def discard(self, environment: Environment, damage: Damage) -> None:
        """Have an environment made again when it is next needed, from newly downloaded files."""
        # No process takes it from now on; processes that use it keep it.
        (environment.folder / COMPLETE).unlink(missing_ok=True)
        if damage.distributions:
            # uv's cache holds the same files, by hard links. `--force`, because uv would otherwise
            # wait for every `uv run` to end.
            with suppress(PinionError, StoppedInstallingError):
                self._uv(lambda _text: None).run(
                    ["cache", "clean", "--force", *damage.distributions]
                )

    def _wait(self, tell: Tell) -> None:
        if self.started.stopped:
            raise StoppedInstallingError
        tell("waiting for another run that is installing it")

    def _make(
        self, folder: Path, held_by: IO[bytes], *, locks: Sequence[bytes], tell: Tell
    ) -> None:
        if self.started.stopped:
            raise StoppedInstallingError
        tell("starting")
        uv = self._uv(tell, held_by)
        # Relocatable, because the folder is renamed once it is whole.
        python = Path(sys.executable).resolve()
        uv.run(["venv", "--quiet", "--no-project", "--relocatable", "--python", python, folder])
        files = [folder / f"{number}.lock" for number in range(len(locks))]
        for file, lock in zip(files, locks, strict=True):
            file.write_bytes(lock)
        uv.run(["pip", "sync", "--require-hashes", "--python", folder, *files])
        record_sizes(folder, COMPLETE)

    def _uv(self, tell: Tell, held_by: IO[bytes] | None = None) -> Uv:
        return Uv(self.root, tell, self.started, held_by)


def _is_whole(folder: Path) -> bool:
    # The interpreter may have been removed since the environment was made.
    complete = folder / COMPLETE
    return complete.exists() and complete.stat().st_size > 0 and (folder / "bin/python").exists()


def _key(name: str, locks: Sequence[bytes]) -> str:
    interpreter = f"{sys.version} {Path(sys.executable).resolve()} {sysconfig.get_platform()}"
    parts = (_SCHEME.encode(), interpreter.encode(), *locks)
    digests = "".join(hashlib.sha256(part).hexdigest() for part in parts)
    return f"{name}-{hashlib.sha256(digests.encode()).hexdigest()[:16]}"
