"""Read what is to be run, a compiled file, before anything is created for it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.compiled.file import PipelineFile, read_bytes
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.unfilled import refuse_unfilled, unfilled
from pipelines.components.component import Component, discover
from pipelines.pinning.compiled_cache import compile_dev
from pipelines.pinning.compiler import WIRING
from pipelines.pinning.pins import DEV, dev_pins
from pipelines.pinning.releases import frozen
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
    """A request and its pipeline, of which `compiled` is the whole file.

    `components` are those of the working tree.
    """

    request: Request
    components: Mapping[str, Component]
    compiled: bytes
    pipeline: Pipeline


def declare(request: Request) -> Declared:
    """Read what is to be run; raise `PinionError` if it cannot run here."""
    components = discover(request.workspace.components)
    path, compiled = _compiled(request, components)
    file = PipelineFile.parse(path, compiled)
    pipeline = Pipeline.of(file)
    if request.file:
        refuse_unfilled(file)
    elif not request.dev:
        _tell_unfilled(request.release, file)
    return Declared(request, components, compiled, pipeline)


def _compiled(request: Request, components: Mapping[str, Component]) -> tuple[Path, bytes]:
    """Return the path that messages show for the compiled file, and its bytes."""
    if request.file:
        return request.file, read_bytes(request.file)
    if request.dev:
        return WIRING, compile_dev(request.workspace, dev_pins(components))
    path = request.workspace.releases / request.release / "pipeline.yaml"
    pipeline = frozen(request.workspace, request.release).pipeline
    return path.relative_to(request.workspace.root), pipeline


def _tell_unfilled(release: str, file: PipelineFile) -> None:
    if lacking := sorted({name for name, _ in unfilled(file)}):
        # No error, because its models must stay reproducible here, although KFP refuses it.
        print(
            f"release {release} runs here, but not on a cluster: KFP 2.17 does not apply the"
            f" defaults that its steps {', '.join(lacking)} need; make a new release for a cluster",
            file=sys.stderr,
        )
