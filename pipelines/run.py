"""Runs a compiled pipeline on this machine, without a cluster: `python -m pipelines.run`."""

import argparse
import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from pipelines import conditions, placeholders
from pipelines.backend import Backend
from pipelines.compile import (
    DEV,
    Pin,
    add_dist_flag,
    compile_release,
    dev_pins,
    unpinned,
)
from pipelines.components import discover
from pipelines.dev_images import build
from pipelines.docker_backend import DockerBackend
from pipelines.docker_engine import Engine
from pipelines.errors import PinionError, run_command
from pipelines.graph import Pipeline
from pipelines.interpreter import Interpreter
from pipelines.locks import Locked
from pipelines.packages import packaged
from pipelines.parameters import add_parameter_flags, resolve
from pipelines.processes import ProcessBackend
from pipelines.progress import Progress
from pipelines.releases import frozen, locked_images
from pipelines.store import local_store
from pipelines.summary import evaluated, summarize
from pipelines.values import Value
from pipelines.workspace import Workspace

DOCKER = "docker"
RUNNERS = ("process", DOCKER)


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.run", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--pipeline-file", type=Path, metavar="FILE", help="a compiled file")
    what.add_argument(
        "--release",
        default=DEV,
        metavar="TAG",
        help="a release; the default, dev, is the working tree",
    )
    add_parameter_flags(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("runs"), metavar="DIR",
        help="the folder of the runs and of the local MLflow store (default: runs)",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=_jobs, default=len(os.sched_getaffinity(0)), metavar="N",
        help="how many steps may run at once (default: the usable cores, %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--runner", choices=RUNNERS, default=RUNNERS[0],
        help="how steps run: as processes of the packaged components, or in their images"
        " (default: %(default)s)",
    )  # fmt: skip
    add_dist_flag(parser)
    return parser


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    workspace = Workspace(dist=args.dist.resolve())
    components = discover(workspace.components)
    folder = _new_folder(args.output.resolve())
    try:
        # What is wrong with the call is said before anything is built.
        dev = not args.pipeline_file and args.release == DEV
        if args.pipeline_file:
            pipeline = _copied(args.pipeline_file, folder)
        elif dev:
            pipeline = _compiled(unpinned(components), folder)
        else:
            pipeline = _released(workspace, args.release, folder)
        parameters = resolve(pipeline.parameters, args.param, args.params, args.register)
        # An image holds all that it runs; only the working tree has to be made first.
        in_images = args.runner == DOCKER
        packages = packaged(workspace, components.values()) if dev or not in_images else {}
        if dev:
            pipeline = _compiled(dev_pins(packages), folder)
        tracking_uri = _tracking_uri(parameters, folder.parent)
        settings = {"MLFLOW_TRACKING_URI": tracking_uri}
        backend: Backend
        if in_images:
            engine, make = Engine(folder.name), partial(build, workspace, components)
            backend = DockerBackend(engine, make, settings)
        else:
            backend = ProcessBackend(workspace, packages, _locked(workspace, pipeline), settings)
        progress = _prepare(pipeline, backend)
    except BaseException:
        # Nothing ran: there is nothing to look at in it.
        shutil.rmtree(folder)
        raise
    interpreter = Interpreter(pipeline, folder, backend, progress, args.jobs)
    try:
        _execute(interpreter, progress, parameters)
    except PinionError:
        # A model that may not be registered has a verdict worth reading.
        if evaluated(interpreter.outputs):
            print(summarize(parameters, interpreter.outputs, folder, tracking_uri), flush=True)
        raise
    print(summarize(parameters, interpreter.outputs, folder, tracking_uri))
    return 0


def _tracking_uri(parameters: Mapping[str, Value], runs: Path) -> str:
    given = parameters.get("mlflow_tracking_uri") or os.environ.get("MLFLOW_TRACKING_URI")
    return str(given) if given else local_store(runs)


def _prepare(pipeline: Pipeline, backend: Backend) -> Progress:
    placeholders.refuse_unknown(pipeline.graph.texts())
    conditions.check(pipeline.graph.conditions())
    steps = list(pipeline.graph.steps())
    backend.prepare(steps)
    return Progress([name for name, _ in steps])


def _new_folder(runs: Path) -> Path:
    """A folder of its own for every run, in the order of time and never shared by two."""
    folder = runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


def _copied(file: Path, folder: Path) -> Pipeline:
    """The given file, kept in the run's folder, but read where it is, for messages that name it."""
    pipeline = Pipeline.load(file)
    shutil.copyfile(file, folder / "pipeline.yaml")
    return pipeline


def _compiled(pins: Sequence[Pin], folder: Path) -> Pipeline:
    """The working tree, compiled into the run's folder."""
    compile_release(DEV, pins, folder / "pipeline.yaml")
    return Pipeline.load(folder / "pipeline.yaml")


def _released(workspace: Workspace, tag: str, folder: Path) -> Pipeline:
    """A release's own file, kept in the run's folder."""
    (folder / "pipeline.yaml").write_bytes(frozen(workspace, tag).pipeline)
    return Pipeline.load(folder / "pipeline.yaml")


def _locked(workspace: Workspace, pipeline: Pipeline) -> Mapping[str, Locked]:
    """What releases say of their images; the working tree's own have no digest and need none."""
    pinned = any("@" in container.image for _, container in pipeline.graph.steps())
    return locked_images(workspace) if pinned else {}


def _execute(interpreter: Interpreter, progress: Progress, parameters: dict[str, Value]) -> None:
    try:
        with progress.shown():
            interpreter.run(parameters)
    except KeyboardInterrupt:
        done = ", ".join(islice(interpreter.outputs, 10)) or "nothing"
        if (more := len(interpreter.outputs) - 10) > 0:
            done += f" and {more} more"
        print(
            f"stopped; done: {done}; what there is stays in {interpreter.folder}", file=sys.stderr
        )
        raise


if __name__ == "__main__":
    sys.exit(run_command("pipelines.run", main))
