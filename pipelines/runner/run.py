"""A run of a pipeline on this machine: readied as a whole, so that what is wrong is said first."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex

from pipelines.compiled import conditions, placeholders
from pipelines.compiled.file import PipelineFile
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.unfilled import refuse_unfilled, unfilled
from pipelines.compiled.values import Value
from pipelines.components.component import Component, discover
from pipelines.components.git import described
from pipelines.console.flags import DOCKER
from pipelines.console.progress import Progress
from pipelines.environments.manager import Environments
from pipelines.models.store import local_store
from pipelines.pinning.compiled_cache import compile_dev
from pipelines.pinning.lock import Locked
from pipelines.pinning.pins import DEV, dev_pins
from pipelines.pinning.releases import frozen, locked_images
from pipelines.runner.cache.cache import Cache
from pipelines.runner.cache.store import Store
from pipelines.runner.interpreter import Interpreter
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.programs import Sources
from pipelines.runner.task.artifacts import Values
from pipelines.runner.task.backend import Backend
from pipelines.runner.task.layout import CACHE
from pipelines.runner.unfinished import ended
from pipelines.system.workspace import Workspace

Parameters = Callable[[Pipeline], Mapping[str, Value]]


@dataclass(frozen=True)
class Request:
    """What is to be run, and how: a compiled file, or else a release, of which `dev` is the tree.

    `output` holds the folders of the runs. Without a tracking URI it is that of the parameters, of
    the environment, or of the store in `output`. `reproduces` is the model version that is made
    again, if any. `cache_size` are the bytes that may be kept of steps; None reuses and keeps none.
    A `quiet` run shows no progress.
    """

    workspace: Workspace
    output: Path
    runner: str
    jobs: int
    file: Path | None = None
    release: str = DEV
    tracking_uri: str = ""
    reproduces: str = ""
    cache_size: int | None = None
    quiet: bool = False

    @property
    def dev(self) -> bool:
        """Whether it is the working tree that runs."""
        return self.file is None and self.release == DEV


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


def ready(request: Request, parameters: Parameters) -> LocalRun:
    """Compiles what is to be run; its parameters are asked of the pipeline.

    Raises `PinionError`, and leaves no folder, where the run could not be started.
    """
    with _folder(request.output.resolve()) as folder:
        workspace = request.workspace
        components = discover(workspace.components)
        pipeline = _pipeline(request, components, folder)
        # What is wrong with the call is said before anything is built or installed.
        given = parameters(pipeline)
        placeholders.refuse_unknown(pipeline.graph.texts())
        tracking_uri = request.tracking_uri or _tracking_uri(given, folder.parent)
        settings = _settings(request, folder, tracking_uri)
        steps = list(pipeline.graph.steps())
        progress = Progress([name for name, _ in steps], logs=folder / "logs", quiet=request.quiet)
        backend: Backend
        if request.runner == DOCKER:
            # Here, because half of all imports are for it alone.
            from pipelines.runner.docker.backend import DockerBackend
            from pipelines.runner.docker.engine import Engine
            from pipelines.runner.docker.images import build

            engine, make = Engine(folder.name), partial(build, workspace, components)
            backend = DockerBackend(engine, make, settings)
        else:
            sources = Sources(workspace, components, _locked(workspace, pipeline))
            backend = ProcessBackend(
                sources, Environments(workspace), settings, progress.installing
            )
        try:
            backend.prepare(steps)
            cache = _cache(request, folder, backend, tracking_uri)
            interpreter = Interpreter(pipeline, folder, backend, progress, request.jobs, cache)
            interpreter.warm_ahead()
            # Here, because the grammar of conditions takes a while, in which steps import already.
            conditions.check(pipeline.graph.conditions())
        except BaseException:
            backend.close()
            raise
        return LocalRun(given, tracking_uri, interpreter, progress)


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


def _pipeline(
    request: Request,
    components: Mapping[str, Component],
    folder: Path,
) -> Pipeline:
    """What is asked for, kept in the run's folder."""
    kept = folder / "pipeline.yaml"
    if request.dev:
        compile_dev(request.workspace, dev_pins(components), kept)
        return Pipeline.load(kept)
    if request.file:
        # Read where it is, for messages that name it.
        pipeline = Pipeline.load(request.file)
        refuse_unfilled(PipelineFile.load(request.file))
        shutil.copyfile(request.file, kept)
        return pipeline
    kept.write_bytes(frozen(request.workspace, request.release).pipeline)
    if lacking := sorted({name for name, _ in unfilled(PipelineFile.load(kept))}):
        # Its models must stay reproducible, although a cluster of today refuses it.
        print(
            f"release {request.release} leaves defaults of {', '.join(lacking)} to the runner;"
            " KFP 2.17 does not fill them in: make a new release to run it on a cluster",
            file=sys.stderr,
        )
    return Pipeline.load(kept)


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
