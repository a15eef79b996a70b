"""Serve a registered model on this machine: `python -m pipelines.serve`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory

from pipelines.console.command import add_server_flags, run_command
from pipelines.models.registry import ModelReference, ModelRegistry, ModelVersion, open_registry
from pipelines.models.server import LocalServer, store_of, until_ctrl_c
from pipelines.system.errors import PinionError
from pipelines.system.ports import refuse_taken

_MODEL = "models:/pinion-model@champion"
_EXAMPLE = "serving_input_example.json"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.serve", description=__doc__)
    parser.add_argument(
        "--model", default=_MODEL, metavar="MODEL",
        help="registered model: NAME@alias, NAME/VERSION, or NAME for its champion"
        " (default: %(default)s)",
    )  # fmt: skip
    add_server_flags(parser, 5001)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    reference = ModelReference.parse(args.model)
    uri = store_of(args.mlflow_tracking_uri, args.output)
    refuse_taken(args.host, args.port)
    with TemporaryDirectory(prefix="pinion-serve-") as folder:
        with open_registry(uri) as registry:
            version = _version(registry, reference)
            example = _example(version, folder)
        server = LocalServer(
            name="the model server",
            arguments=[
                "models", "serve", "--model-uri", version.uri, "--env-manager", "local",
                "--host", args.host, "--port", str(args.port),
            ],
            host=args.host,
            port=args.port,
            variables={"MLFLOW_TRACKING_URI": uri, "MLFLOW_REGISTRY_URI": uri},
        )  # fmt: skip
        return until_ctrl_c(server, f"{version.uri} is served; try it:\n{_call(server, example)}")


def _version(registry: ModelRegistry, reference: ModelReference) -> ModelVersion:
    try:
        return registry.version(reference)
    except PinionError as error:
        raise PinionError(
            f"{error}; make run registers a model if it passes its evaluation"
        ) from error


def _example(version: ModelVersion, folder: str) -> Path | None:
    """Download the example that was logged with a model to the folder; None if it has none."""
    import mlflow

    names = {each.path for each in mlflow.artifacts.list_artifacts(version.uri) or ()}
    if _EXAMPLE not in names:
        return None
    return Path(mlflow.artifacts.download_artifacts(f"{version.uri}/{_EXAMPLE}", dst_path=folder))


def _call(server: LocalServer, example: Path | None) -> str:
    data = f"@{quote(str(example))}" if example else "'{\"dataframe_split\": …}'"
    header = "'Content-Type: application/json'"
    return f"curl {server.address}/invocations -H {header} -d {data}"


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.serve", main))
