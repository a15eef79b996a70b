"""Make a model again and compare every step: `python -m pipelines.reproduce MODEL/VERSION`."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.console.command import add_runner_flags, add_tracking_flag, run_command
from pipelines.models.records import read_records
from pipelines.models.registry import ModelReference, open_registry
from pipelines.reproduction.comparison import compare, equal_metrics, table, verdict
from pipelines.reproduction.replay import Origin, parameters_of, refuse_other_code
from pipelines.runner.task.backend import TaskFailedError
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.runner.run import LocalRun


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.reproduce", description=__doc__)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="registered model: NAME@alias, NAME/VERSION, or NAME for its champion",
    )
    add_tracking_flag(parser)
    add_runner_flags(parser, "folder to make the folder of the run in")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    # Imported here, because it takes too long to import for --help.
    from pipelines.runner.run import Request, declare, prepare

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
    declared = declare(request)
    run = prepare(declared, parameters_of(declared.pipeline, origin.records))
    failure = _execute(run)
    same, words = _compared(tracking_uri, origin, run, failure)
    if not same:
        raise PinionError(f"{origin.name} {words}")
    print(f"verdict     {words}")
    return 0


def _execute(run: "LocalRun") -> TaskFailedError | None:
    """Run it; return the failure of a step, if any, because it is a difference too."""
    try:
        run.execute()
    except TaskFailedError as error:
        return error
    return None


def _compared(
    tracking_uri: str, origin: Origin, run: "LocalRun", failure: TaskFailedError | None
) -> tuple[bool, str]:
    """Print every output of both runs, and return the verdict on them."""
    trained = run.outputs.get("train")
    run_id = str(trained.parameters["run_id"]) if trained else ""
    with open_registry(tracking_uri) as registry:
        client = registry.client
        records = read_records(client, run_id) if run_id else {}
        rows = compare(run.interpreter.pipeline, origin.records, records, run.outputs)
        print("\n".join(table(rows)))
        print(f"run folder  {run.folder}")
        if run_id:
            print(f"MLflow run  {run_id}")
        metrics = client.get_run(run_id).data.metrics if run_id else {}
    return verdict(rows, failure, equal_metrics(origin.metrics, metrics))


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.reproduce", main))
