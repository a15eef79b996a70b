"""Compiles the pipeline with every component pinned: `python -m pipelines.compile RELEASE_TAG`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.components.component import discover
from pipelines.console.command import run_command
from pipelines.console.flags import add_platform_flag
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.pinning.compiler import compile_pipeline
from pipelines.pinning.pins import DEV, dev_pins
from pipelines.pinning.releases import frozen
from pipelines.registry.address import address
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace, whole


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.compile", description=__doc__)
    parser.add_argument(
        "release_tag", metavar="RELEASE_TAG", help="the release; `dev` is the working tree"
    )
    parser.add_argument("--output", type=Path, default=Path("pipeline.yaml"), metavar="FILE")
    parser.add_argument(
        "--registry",
        type=address,
        metavar="ADDRESS",
        help="with dev: where pipelines.publish --dev pushed the images",
    )
    add_platform_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    settings = PlatformSettings.load(args.platform) if args.platform else None
    if args.registry and args.release_tag != DEV:
        raise UsageError("--registry is for dev: a release has the registry in its lock")
    with whole(args.output) as file:
        pipeline = _pipeline(Workspace(), args.release_tag, args.registry or "")
        if settings:
            pipeline = _applied(settings, args.output, pipeline)
        file.write_bytes(pipeline)
    print(f"compiled {args.release_tag} into {args.output}")
    return 0


def _pipeline(workspace: Workspace, tag: str, registry: str) -> bytes:
    if tag == DEV:
        return compile_pipeline(DEV, dev_pins(discover(workspace.components), registry))
    return frozen(workspace, tag).pipeline


def _applied(settings: PlatformSettings, path: Path, pipeline: bytes) -> bytes:
    # Here, because KFP's messages take a while, which a release without settings does not need.
    from pipelines.compiled.file import PipelineFile
    from pipelines.kubeflow.platform.apply import apply

    applied = apply(settings, PipelineFile.parse(path, pipeline)).text()
    if settings.service_account:
        print(
            f"{settings.path}: the service account {settings.service_account!r} is of runs, not of"
            f" a file; give pipelines.submit and pipelines.deploy --platform {settings.path} too",
            file=sys.stderr,
        )
    return applied.encode()


if __name__ == "__main__":
    sys.exit(run_command("pipelines.compile", main))
