"""A run on this machine, declared and prepared as a whole.

So problems appear before anything is created for it, or at least before any step starts.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex

from pipelines.compiled import conditions, driver_rules, placeholders
from pipelines.compiled.file import PipelineFile, read_bytes
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.values import Value
from pipelines.components.component import Component, discover
from pipelines.components.git import described
from pipelines.console.command import DOCKER
from pipelines.console.progress import Progress
from pipelines.environments.manager import Environments
from pipelines.models.store import local_store
from pipelines.pages.recorder import Recorder
from pipelines.pinning.compiler import DEV, WIRING, compile_dev, dev_pins
from pipelines.pinning.releases import frozen, locked_images
from pipelines.runner.cache.cache import Cache
from pipelines.runner.cache.store import Store
from pipelines.runner.interpreter import Interpreter
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.programs import Sources
from pipelines.runner.recording import recorder
from pipelines.runner.task.backend import CACHE, Backend, Values
from pipelines.runner.unfinished import ended
from pipelines.system.workspace import Workspace


@dataclass(frozen=True)
class Request:
    """What to run, and how: a compiled file, or else a release; `dev` is the working tree.

    `output` holds the folders of the runs. If the tracking URI is empty, it comes from the
    parameters, the environment, or the store in `output`. `reproduces` is the model version that is
    made again, if any. `cache_size` is in bytes; None turns the cache off. A `quiet` run shows no
    progress.
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
        """Whether the working tree runs."""
        return self.file is None and self.release == DEV


@dataclass(frozen=True)
class Declared:
    """A request and its pipeline, of which `compiled` is the whole file and `file` what it holds.

    `components` are those of the working tree.
    """

    request: Request
    components: Mapping[str, Component]
    compiled: bytes
    file: PipelineFile
    pipeline: Pipeline


def declare(request: Request) -> Declared:
    """Read what is to be run; raise `PinionError` if it cannot run here."""
    components = discover(request.workspace.components)
    path, compiled = _compiled(request, components)
    file = PipelineFile.parse(path, compiled)
    pipeline = Pipeline.of(file)
    placeholders.refuse_unknown(pipeline.graph.texts())
    conditions.check(pipeline.graph.conditions())
    return Declared(request, components, compiled, file, pipeline)


def _compiled(request: Request, components: Mapping[str, Component]) -> tuple[Path, bytes]:
    """Return the path that messages show for the compiled file, and its bytes."""
    if request.file:
        return request.file, read_bytes(request.file)
    if request.dev:
        return WIRING, compile_dev(request.workspace, dev_pins(components))
    path = request.workspace.releases / request.release / "pipeline.yaml"
    pipeline = frozen(request.workspace, request.release).pipeline
    return path.relative_to(request.workspace.root), pipeline


@dataclass(frozen=True)
class LocalRun:
    """A run that is ready to start, in a folder of its own."""

    parameters: Mapping[str, Value]
    tracking_uri: str
    interpreter: Interpreter
    progress: Progress
    recorder: Recorder

    @property
    def folder(self) -> Path:
        """The folder with the compiled file, and the outputs and the log of each step."""
        return self.interpreter.folder

    @property
    def outputs(self) -> Mapping[str, Values]:
        """The outputs of the steps that have succeeded, by their names."""
        return self.interpreter.outputs

    def execute(self) -> None:
        """Run every step; raise `PinionError` if one fails."""
        try:
            with (
                ended(self.folder, self.tracking_uri),
                self.progress.shown(),
                self.recorder.recorded(),
            ):
                self.interpreter.run(self.parameters)
        except KeyboardInterrupt:
            done = ", ".join(islice(self.outputs, 10)) or "nothing"
            if (more := len(self.outputs) - 10) > 0:
                done += f" and {more} more"
            print(f"stopped; done: {done}; the results are in {self.folder}", file=sys.stderr)
            raise
        finally:
            self.interpreter.backend.close()


def prepare(declared: Declared, parameters: Mapping[str, Value]) -> LocalRun:
    """Prepare a run with these parameters in a folder of its own.

    Raises `PinionError`, and leaves no folder, if the run could not be started.
    """
    request = declared.request
    _hold_to_a_cluster(declared, declared.pipeline.parameters.keys() - parameters.keys())
    with _folder(request.output.resolve()) as folder:
        (folder / "pipeline.yaml").write_bytes(declared.compiled)
        tracking_uri = str(
            request.tracking_uri
            or parameters.get("mlflow_tracking_uri")
            or os.environ.get("MLFLOW_TRACKING_URI")
            or local_store(folder.parent)
        )
        steps = list(declared.pipeline.graph.steps())
        progress = Progress([name for name, _ in steps], logs=folder / "logs", quiet=request.quiet)
        backend = _backend(declared, folder, tracking_uri, progress)
        try:
            backend.prepare(steps)
            cache = _cache(request, folder, backend, tracking_uri)
        except BaseException:
            backend.close()
            raise
        what = (request.file.name if request.file else request.release, request.runner)
        pages = recorder(declared.pipeline, what, parameters, folder, tracking_uri, progress)
        interpreter = Interpreter(declared.pipeline, folder, backend, pages, request.jobs, cache)
        return LocalRun(parameters, tracking_uri, interpreter, progress, pages)


def _hold_to_a_cluster(declared: Declared, absent: Set[str]) -> None:
    """Raise `PinionError` if KFP would refuse a run without the parameters `absent`."""
    request = declared.request
    if request.file or request.dev:
        driver_rules.refuse(declared.file, absent)
        return
    # No error, because the models of a release must stay reproducible here.
    for breach in islice(driver_rules.breaches(declared.file, absent), 1):
        print(
            f"release {request.release} runs here, but not on a cluster: {breach}; make a new"
            " release for a cluster",
            file=sys.stderr,
        )


def _backend(declared: Declared, folder: Path, tracking_uri: str, progress: Progress) -> Backend:
    request, components = declared.request, declared.components
    # They describe the run to its steps; an empty one hides the shell's.
    settings = {
        "MLFLOW_TRACKING_URI": tracking_uri,
        "PINION_PIPELINE_RUN": folder.name,
        "PINION_REPRODUCES": request.reproduces,
        # The revision of a release is the commit of its tag.
        "PINION_REVISION": described(request.workspace) if request.dev else "",
    }
    if request.runner == DOCKER:
        # Imported here, because it causes half of all imports.
        from pipelines.runner.docker.backend import DockerBackend
        from pipelines.runner.docker.engine import Engine
        from pipelines.runner.docker.images import build

        make = partial(build, request.workspace, components)
        return DockerBackend(Engine(folder.name), make, settings)
    # Images of the working tree are not pinned.
    pinned = any("@" in container.image for _, container in declared.pipeline.graph.steps())
    released = locked_images(request.workspace) if pinned else {}
    sources = Sources(request.workspace, components, released)
    return ProcessBackend(sources, Environments(request.workspace), settings, progress.installing)


def _cache(request: Request, folder: Path, backend: Backend, tracking_uri: str) -> Cache | None:
    if request.cache_size is None:
        return None
    return Cache(
        Store(folder.parent / CACHE),
        backend.program,
        tracking_uri,
        folder.name,
        request.cache_size,
    )


@contextmanager
def _folder(runs: Path) -> Iterator[Path]:
    """Make a new folder for a run, named by the time; remove it if the block fails."""
    folder = runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(3)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        # No step has run, so the folder holds nothing of use.
        shutil.rmtree(folder)
        raise
