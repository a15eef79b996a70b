"""A run of a pipeline on this machine: readied as a whole, so that what is wrong is said first."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex

from pipelines.compiled import conditions, placeholders
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.values import Value
from pipelines.components.git import described
from pipelines.console.flags import DOCKER
from pipelines.console.progress import Progress
from pipelines.environments.manager import Environments
from pipelines.models.store import local_store
from pipelines.pinning.lock import Locked
from pipelines.pinning.releases import locked_images
from pipelines.runner.cache.cache import Cache
from pipelines.runner.cache.store import Store
from pipelines.runner.declaration import Declared, Request
from pipelines.runner.interpreter import Interpreter
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.programs import Sources
from pipelines.runner.task.artifacts import Values
from pipelines.runner.task.backend import Backend
from pipelines.runner.task.layout import CACHE
from pipelines.runner.unfinished import ended
from pipelines.system.workspace import Workspace


@dataclass(frozen=True)
class LocalRun:
    """A run that is ready to start, in a folder of its own."""

    parameters: Mapping[str, Value]
    tracking_uri: str
    interpreter: Interpreter
    progress: Progress

    @property
    def folder(self) -> Path:
        """What it leaves: the compiled file, and each step's outputs and log."""
        return self.interpreter.folder

    @property
    def outputs(self) -> Mapping[str, Values]:
        """What the steps gave that have ended, by their names."""
        return self.interpreter.outputs

    def execute(self) -> None:
        """Runs every step; raises `PinionError` where one fails."""
        try:
            with ended(self.folder, self.tracking_uri), self.progress.shown():
                self.interpreter.run(self.parameters)
        except KeyboardInterrupt:
            done = ", ".join(islice(self.outputs, 10)) or "nothing"
            if (more := len(self.outputs) - 10) > 0:
                done += f" and {more} more"
            print(f"stopped; done: {done}; what there is stays in {self.folder}", file=sys.stderr)
            raise
        finally:
            self.interpreter.backend.close()


def prepare(declared: Declared, parameters: Mapping[str, Value]) -> LocalRun:
    """Ready a run with these parameters in a folder of its own.

    Raises `PinionError`, and leaves no folder, if the run could not be started.
    """
    request, graph = declared.request, declared.pipeline.graph
    # What is wrong with the call is said before anything is built or installed.
    placeholders.refuse_unknown(graph.texts())
    with _folder(request.output.resolve()) as folder:
        (folder / "pipeline.yaml").write_bytes(declared.compiled)
        tracking_uri = request.tracking_uri or _tracking_uri(parameters, folder.parent)
        steps = list(graph.steps())
        progress = Progress([name for name, _ in steps], logs=folder / "logs", quiet=request.quiet)
        backend = _backend(declared, folder, tracking_uri, progress)
        try:
            backend.prepare(steps)
            interpreter = _opened(declared, folder, backend, progress, tracking_uri)
        except BaseException:
            backend.close()
            raise
        return LocalRun(parameters, tracking_uri, interpreter, progress)


def _backend(declared: Declared, folder: Path, tracking_uri: str, progress: Progress) -> Backend:
    request, components = declared.request, declared.components
    settings = _settings(request, folder, tracking_uri)
    if request.runner == DOCKER:
        # Here, because half of all imports are for it alone.
        from pipelines.runner.docker.backend import DockerBackend
        from pipelines.runner.docker.engine import Engine
        from pipelines.runner.docker.images import build

        make = partial(build, request.workspace, components)
        return DockerBackend(Engine(folder.name), make, settings)
    sources = Sources(request.workspace, components, _locked(request.workspace, declared.pipeline))
    return ProcessBackend(sources, Environments(request.workspace), settings, progress.installing)


def _opened(
    declared: Declared, folder: Path, backend: Backend, progress: Progress, tracking_uri: str
) -> Interpreter:
    """Return what carries the run out, while the backend readies the first steps."""
    pipeline, request = declared.pipeline, declared.request
    cache = _cache(request, folder, backend, tracking_uri)
    interpreter = Interpreter(pipeline, folder, backend, progress, request.jobs, cache)
    interpreter.warm_ahead()
    # Here, because the grammar of conditions takes a while, in which steps import already.
    conditions.check(pipeline.graph.conditions())
    return interpreter


def _cache(request: Request, folder: Path, backend: Backend, tracking_uri: str) -> Cache | None:
    if request.cache_size is None:
        return None
    store = Store(folder.parent / CACHE)
    return Cache(store, backend.program, tracking_uri, folder.name, request.cache_size)


@contextmanager
def _folder(runs: Path) -> Iterator[Path]:
    """A folder of its own for every run, in the order of time and never shared by two."""
    folder = runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(3)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        # Nothing ran: there is nothing to look at in it.
        shutil.rmtree(folder)
        raise


def _tracking_uri(parameters: Mapping[str, Value], runs: Path) -> str:
    given = parameters.get("mlflow_tracking_uri") or os.environ.get("MLFLOW_TRACKING_URI")
    return str(given) if given else local_store(runs)


def _settings(request: Request, folder: Path, tracking_uri: str) -> dict[str, str]:
    """The variables that tell the steps of their run; an empty one hides the shell's own."""
    return {
        "MLFLOW_TRACKING_URI": tracking_uri,
        "PINION_PIPELINE_RUN": folder.name,
        "PINION_REPRODUCES": request.reproduces,
        # That of a release is the commit of its tag.
        "PINION_REVISION": described(request.workspace) if request.dev else "",
    }


def _locked(workspace: Workspace, pipeline: Pipeline) -> Mapping[str, Locked]:
    """What releases say of their images; the working tree's own have no digest and need none."""
    pinned = any("@" in container.image for _, container in pipeline.graph.steps())
    return locked_images(workspace) if pinned else {}
