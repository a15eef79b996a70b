"""Makes a model again and compares every step: `python -m pipelines.reproduce MODEL/VERSION`."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pipelines.backend import TaskFailedError
from pipelines.comparison import compare, equal_metrics, table, verdict
from pipelines.compile import DEV, dev_pins
from pipelines.components import discover
from pipelines.errors import PinionError, run_command
from pipelines.lineage import components_of
from pipelines.model_references import ModelReference
from pipelines.model_registry import ModelVersion, add_tracking_flag, open_registry
from pipelines.records import Record, read_records
from pipelines.releases import frozen, tags
from pipelines.replay import parameters_of
from pipelines.runners import add_runner_flags
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.local_runs import LocalRun

# The steps between a source and a verdict, without which a run cannot be repeated.
_STEPS = ("pull_data", "preprocess", "train", "evaluate")


@dataclass(frozen=True)
class Origin:
    """What MLflow holds of the run that made a model."""

    name: str
    release: str
    components: Mapping[str, str]
    revision: str
    metrics: Mapping[str, float]
    records: Mapping[str, Record]

    @classmethod
    def of(cls, client: Any, version: ModelVersion) -> "Origin":
        """Raises `PinionError` where the run cannot be repeated."""
        name = f"{version.name}/{version.number}"
        if not version.run_id:
            raise PinionError(f"{name} has no run: it was registered from elsewhere")
        run = client.get_run(version.run_id)
        tags = run.data.tags
        records = read_records(client, version.run_id)
        if lacking := [step for step in _STEPS if step not in records]:
            raise PinionError(
                f"{name} has no recorded lineage: its run {version.run_id} does not say what"
                f" {', '.join(lacking)} was given; train it again, with components that record it"
            )
        if not (release := tags.get("pinion.release", "")):
            raise PinionError(f"{name} has no release: its steps were called by hand")
        return cls(
            name,
            release,
            components_of(tags),
            tags.get("mlflow.source.git.commit", ""),
            run.data.metrics,
            records,
        )


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.reproduce", description=__doc__)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a registered model: NAME@alias, NAME/VERSION, or NAME for its champion",
    )
    add_tracking_flag(parser)
    add_runner_flags(parser, "the folder that the folder of the run is made in")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    # Here, because it takes longer to import than --help may.
    from pipelines.local_runs import Request, ready

    reference = ModelReference.parse(args.model)
    workspace = Workspace()
    with open_registry(args.mlflow_tracking_uri) as registry:
        origin = Origin.of(registry.client, registry.version(reference))
        tracking_uri = registry.client.tracking_uri
    refuse_other_code(workspace, origin)
    request = Request(
        workspace=workspace,
        output=args.output,
        runner=args.runner,
        jobs=args.jobs,
        release=origin.release,
        tracking_uri=tracking_uri,
        reproduces=origin.name,
    )
    run = ready(request, partial(parameters_of, records=origin.records))
    failure = _execute(run)
    with open_registry(tracking_uri) as registry:
        same, words = _compared(registry.client, origin, run, failure)
    if not same:
        raise PinionError(f"{origin.name} {words}")
    print(f"verdict     {words}")
    return 0


def refuse_other_code(workspace: Workspace, origin: Origin) -> None:
    """Raises `PinionError` where the components here are not those that made the model."""
    if origin.release == DEV:
        here = {pin.name: pin.exact for pin in dev_pins(discover(workspace.components))}
        where = "the working tree"
    else:
        if origin.release not in tags(workspace):
            raise PinionError(
                f"{origin.name} was made by release {origin.release}, which this clone does not"
                " have; git pull, or call it in the repository whose release that is"
            )
        locked = frozen(workspace, origin.release).lock.components
        here = {name: each.image.exact for name, each in locked.items()}
        where = f"release {origin.release} of this clone"
    differing = [
        f"{name} {here.get(name, 'missing')} (recorded: {origin.components.get(name, 'none')})"
        for name in sorted(here.keys() | origin.components.keys())
        if here.get(name) != origin.components.get(name)
    ]
    if differing:
        commit = f"; it was made at git commit {origin.revision}" if origin.revision else ""
        raise PinionError(
            f"{origin.name} was made by other components than {where} has:"
            f" {', '.join(differing)}{commit}"
        )


def _execute(run: "LocalRun") -> TaskFailedError | None:
    """Runs it, and gives the failure of a step, which is a difference as well."""
    try:
        run.execute()
    except TaskFailedError as error:
        return error
    return None


def _compared(
    client: Any, origin: Origin, run: "LocalRun", failure: TaskFailedError | None
) -> tuple[bool, str]:
    """Prints every output of both runs; the verdict on them."""
    trained = run.outputs.get("train")
    run_id = str(trained.parameters["run_id"]) if trained else ""
    records = read_records(client, run_id) if run_id else {}
    rows = compare(run.interpreter.pipeline, origin.records, records, run.outputs)
    print("\n".join(table(rows)))
    print(f"run folder  {run.folder}")
    if run_id:
        print(f"MLflow run  {run_id}")
    metrics = client.get_run(run_id).data.metrics if run_id else {}
    return verdict(rows, failure, equal_metrics(origin.metrics, metrics))


if __name__ == "__main__":
    sys.exit(run_command("pipelines.reproduce", main))
