"""Open MLflow's pages on the runs of this machine: `python -m pipelines.ui`."""

import argparse
from collections.abc import Sequence

from pipelines.console.command import add_server_flags, run_command
from pipelines.models.registry import ModelRegistry, open_registry
from pipelines.models.server import LocalServer, store_of, until_ctrl_c
from pipelines.models.store import SQLITE
from pipelines.runner.summary import EXPERIMENT
from pipelines.system.connections import without_secrets
from pipelines.system.errors import PinionError
from pipelines.system.ports import refuse_taken

# The page of an experiment opens with prompts and agents, unless its address asks for runs.
_PAGE = "#/experiments/{}/runs?workflowType=machine_learning"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.ui", description=__doc__)
    parser.add_argument(
        "--experiment", metavar="NAME",
        help=f"experiment to open (default: {EXPERIMENT}, else that of the last run)",
    )  # fmt: skip
    add_server_flags(parser, 5000)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    uri = store_of(args.mlflow_tracking_uri, args.output)
    if uri.startswith(SQLITE):
        refuse_taken(args.host, args.port)
    with open_registry(uri) as registry:
        page = _PAGE.format(_experiment(registry, args.experiment, uri))
    if not uri.startswith(SQLITE):
        print(f"{without_secrets(uri).rstrip('/')}/{page}")
        return 0
    server = LocalServer(
        name="MLflow",
        arguments=[
            "server", "--backend-store-uri", uri, "--host", args.host, "--port", str(args.port),
            "--workers", "1",
        ],
        host=args.host,
        port=args.port,
    )  # fmt: skip
    return until_ctrl_c(server, f"{server.address}/{page}")


def _experiment(registry: ModelRegistry, name: str | None, uri: str) -> str:
    """Return the id of the named experiment, else of the default one, else of the last run's."""
    client = registry.client
    if found := client.get_experiment_by_name(name or EXPERIMENT):
        return str(found.experiment_id)
    known = {each.experiment_id: each.name for each in client.search_experiments()}
    if name:
        raise PinionError(
            f"{without_secrets(uri)} has no experiment {name!r}; it has"
            f" {', '.join(sorted(known.values())) or 'none'}"
        )
    last = client.search_runs(list(known), order_by=["attributes.start_time DESC"], max_results=1)
    if not last:
        raise PinionError(
            f"{without_secrets(uri)} has no run of a pipeline yet; make one first (make run)"
        )
    return str(last[0].info.experiment_id)


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.ui", main))
