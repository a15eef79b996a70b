"""Take the outputs of an earlier, equal task instead of running a task again."""

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipelines.compiled.container import Container
from pipelines.compiled.graph import Task
from pipelines.runner.cache.mlflow_traces import logs_a_model, outdated
from pipelines.runner.cache.recipe import CODE, NeverReusedError, Recipe, recipe
from pipelines.runner.cache.store import Entry, Store
from pipelines.runner.task.backend import Call, TaskFailedError, Values
from pipelines.system.errors import PinionError
from pipelines.system.manifests import digest, manifest, part

# Otherwise the same run would train again, and a registered model would get a second version.
_ONE_MODEL = "the same run would train another model; free some space, or give --no-cache"


@dataclass(frozen=True)
class Reused:
    """The outputs of an earlier task, copied into the folder of the new one."""

    outputs: Values
    why: str


@dataclass(frozen=True)
class Claim(AbstractContextManager["Claim"]):
    """The right to run a task, with the reason; equal tasks wait until it is released."""

    why: str = ""
    _keep: Callable[[Call, Values], None] | None = None
    _held: ExitStack | None = None

    @property
    def missed(self) -> bool:
        """Whether the task could have been cached, so that tasks after it will not be either."""
        return self._held is not None

    def __exit__(self, *_error: object) -> None:
        if self._held:
            self._held.close()

    def keep(self, call: Call, outputs: Values) -> None:
        """Keep the outputs of the task for later runs."""
        if self._keep:
            self._keep(call, outputs)


@dataclass
class Cache:
    """The outputs of earlier runs, in a folder that all runs with the same output folder share.

    `program` returns the hash of what an image runs. `tracking_uri` is that of tasks that do not
    name one, `run` the name of this run, and `limit` the number of bytes to keep at most.
    """

    store: Store
    program: Callable[[str], str]
    tracking_uri: str
    run: str
    limit: int
    _contents: dict[Path, str] = field(default_factory=dict, init=False)
    _size: int = field(init=False)
    # The tasks in the cache when the run began: what they were made of last, and all programs.
    _earlier: dict[str, Mapping[str, str]] = field(init=False)
    _kept: dict[str, set[str]] = field(default_factory=dict, init=False)
    # Several threads look up and keep tasks.
    _mutex: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        entries = self.store.prune(self.limit)
        self._size = sum(entry.size for entry in entries)
        self._earlier = {entry.task: entry.parts for entry in entries}
        for entry in entries:
            self._kept.setdefault(entry.task, set()).add(entry.parts.get(CODE, ""))

    def lacks(self, name: str, image: str) -> bool:
        """Return whether a task cannot be in the cache, whatever its inputs turn out to be."""
        programs = self._kept.get(name, set())
        return not self._kept or (bool(programs) and self.program(image) not in programs)

    def look(
        self, call: Call, task: Task, container: Container, inputs: Values
    ) -> Reused | Claim | None:
        """Return the outputs for a task, or the right to run it; None while an equal one runs.

        Raise `PinionError` if they cannot be copied, or a model's task cannot use the cache.
        """
        try:
            made_of = recipe(
                task, container, inputs, self.program, self._content, self.tracking_uri
            )
            lock = self.store.lock(made_of.key)
        except NeverReusedError as error:
            return Claim(str(error))
        except OSError as error:
            why = f"the cache cannot be used: {error.strerror}"
            if logs_a_model(container.parameters):
                raise PinionError(f"{why}; {_ONE_MODEL}") from None
            return Claim(why)
        if lock is None:
            return None
        with ExitStack() as held:
            held.callback(lock.release)
            found = self._find(call, made_of)
            if isinstance(found, Reused):
                return found
            return Claim(found, partial(self._keep, made_of), held.pop_all())

    def _find(self, call: Call, made_of: Recipe) -> Reused | str:
        """Return the cached outputs, or the reason why there are none."""
        entry = self.store.get(made_of.key)
        if entry is None:
            before = self._earlier.get(call.name)
            return made_of.changed(before) if before else "not in the cache"
        kept = entry.values(self.store.kept(entry.key))
        if made_of.tracking_uri is not None and (why := outdated(made_of.tracking_uri, kept)):
            # The task that replaces it may fail half-way, and leave traces for which the old
            # entry would then be valid again.
            with suppress(OSError):
                self.store.remove(entry.key)
            return why
        try:
            if not self.store.restore(entry, call.folder, call.log):
                return f"the cached outputs of run {entry.run} are damaged"
        except OSError as error:
            raise PinionError(
                f"the cached outputs of run {entry.run} cannot be copied to {call.folder}:"
                f" {error.strerror}; free some space there"
            ) from None
        outputs = entry.values(call.folder)
        self._remember(entry, call.folder, outputs)
        return Reused(outputs, f"from run {entry.run}")

    def _keep(self, made_of: Recipe, call: Call, outputs: Values) -> None:
        """Keep outputs, or warn; raise `TaskFailedError` if the task logs a model."""
        try:
            entry = Entry(
                key=made_of.key,
                task=call.name,
                run=self.run,
                parts=made_of.parts,
                outputs=Entry.describe(outputs, call.folder),
                content=manifest(call.folder),
                size=call.log.stat().st_size
                + sum(path.stat().st_size for path in call.folder.rglob("*") if path.is_file()),
            )
            self._remember(entry, call.folder, outputs)
            if entry.size > self.limit:
                raise ValueError(f"they have {entry.size} bytes, over --cache-size {self.limit}")
            self.store.save(entry, call.folder, call.log)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            if isinstance(error, OSError) and logs_a_model(outputs.parameters):
                raise TaskFailedError(
                    call.name, f"its outputs cannot be cached: {reason}; {_ONE_MODEL}", call.log
                ) from None
            print(f"{call.name}: its outputs are not cached: {reason}", file=sys.stderr)
            return
        with self._mutex:
            self._size += entry.size
            if self._size > self.limit:
                self._size = sum(entry.size for entry in self.store.prune(self.limit))

    def _content(self, path: Path) -> str:
        # The outputs of a task of this run do not change any more.
        if path not in self._contents:
            self._contents[path] = digest(manifest(path.resolve()))
        return self._contents[path]

    def _remember(self, entry: Entry, folder: Path, outputs: Values) -> None:
        for artifact in outputs.artifacts.values():
            self._contents[artifact.path] = digest(
                part(entry.content, artifact.path.relative_to(folder).as_posix())
            )
