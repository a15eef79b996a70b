"""A run of a pipeline on this machine: readied as a whole, so that what is wrong is said first."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex

from pipelines import conditions, placeholders
from pipelines.artifacts import Values
from pipelines.backend import Backend
from pipelines.cache import Cache
from pipelines.cache_store import CACHE, Store
from pipelines.compile import DEV, compile_release, dev_pins, unpinned
from pipelines.components import Component, discover
from pipelines.dev_images import build
from pipelines.docker_backend import DockerBackend
from pipelines.docker_engine import Engine
from pipelines.errors import PinionError
from pipelines.graph import Pipeline
from pipelines.interpreter import Interpreter
from pipelines.locks import Locked
from pipelines.packages import Package, fresh, packaged
from pipelines.processes import ProcessBackend
from pipelines.progress import Progress
from pipelines.releases import frozen, locked_images
from pipelines.runners import DOCKER
from pipelines.store import local_store
from pipelines.unfinished import ended
from pipelines.values import Value
from pipelines.workspace import Workspace

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


def ready(request: Request, parameters: Parameters) -> LocalRun:
    """Compiles and packages what is to be run; its parameters are asked of the pipeline.

    Raises `PinionError`, and leaves no folder, where the run could not be started.
    """
    with _folder(request.output.resolve()) as folder:
        workspace = request.workspace
        components = discover(workspace.components)
        # An image holds all that it runs; only the working tree has to be made first.
        in_images = request.runner == DOCKER
        built = request.dev or not in_images
        packages = fresh(workspace, components.values()) if built else {}
        # What is wrong with the call is said before anything is built.
        pipeline = _pipeline(request, components, packages, folder)
        given = parameters(pipeline)
        if packages is None:
            packages = packaged(workspace, components.values())
            pipeline = _pipeline(request, components, packages, folder)
        tracking_uri = request.tracking_uri or _tracking_uri(given, folder.parent)
        settings = _settings(request, folder, tracking_uri)
        backend: Backend
        if in_images:
            engine, make = Engine(folder.name), partial(build, workspace, components)
            backend = DockerBackend(engine, make, settings)
        else:
            backend = ProcessBackend(workspace, packages, _locked(workspace, pipeline), settings)
        progress = _prepare(pipeline, backend, folder / "logs", request.quiet)
        cache = _cache(request, folder, backend, tracking_uri)
        interpreter = Interpreter(pipeline, folder, backend, progress, request.jobs, cache)
        interpreter.warm_ahead()
        # Here, because the grammar of conditions takes a while, in which steps import already.
        try:
            conditions.check(pipeline.graph.conditions())
        except PinionError:
            backend.stop()
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
    packages: Mapping[str, Package] | None,
    folder: Path,
) -> Pipeline:
    """What is asked for, kept in the run's folder; without packages it is good for no run."""
    kept = folder / "pipeline.yaml"
    if request.dev:
        pins = unpinned(components) if packages is None else dev_pins(packages)
        compile_release(DEV, pins, kept)
        return Pipeline.load(kept)
    if request.file:
        # Read where it is, for messages that name it.
        pipeline = Pipeline.load(request.file)
        shutil.copyfile(request.file, kept)
        return pipeline
    kept.write_bytes(frozen(request.workspace, request.release).pipeline)
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
        "PINION_REVISION": revision(request.workspace) if request.dev else "",
    }


def revision(workspace: Workspace) -> str:
    """The commit of the working tree, with `-dirty` behind it where that has changes.

    Empty where the tree is in no git repository.
    """
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=workspace.root,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        # No git either.
        return ""
    return asked.stdout.strip()


def _locked(workspace: Workspace, pipeline: Pipeline) -> Mapping[str, Locked]:
    """What releases say of their images; the working tree's own have no digest and need none."""
    pinned = any("@" in container.image for _, container in pipeline.graph.steps())
    return locked_images(workspace) if pinned else {}


def _prepare(pipeline: Pipeline, backend: Backend, logs: Path, quiet: bool) -> Progress:
    placeholders.refuse_unknown(pipeline.graph.texts())
    steps = list(pipeline.graph.steps())
    backend.prepare(steps)
    return Progress([name for name, _ in steps], logs=logs, quiet=quiet)
