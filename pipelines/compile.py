"""Compiles the pipeline with every component pinned: `python -m pipelines.compile RELEASE_TAG`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.components.component import discover
from pipelines.console.command import run_command
from pipelines.console.flags import add_platform_flag
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.pinning.compiler import compile_release
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
    write(args, Workspace())
    print(f"compiled {args.release_tag} into {args.output}")
    return 0


def write(args: argparse.Namespace, workspace: Workspace) -> None:
    """Writes what the flags ask for, whole or not at all."""
    settings = PlatformSettings.load(args.platform) if args.platform else None
    if args.registry and args.release_tag != DEV:
        raise UsageError("--registry is for dev: a release has the registry in its lock")
    with whole(args.output) as file:
        if args.release_tag == DEV:
            components = discover(workspace.components)
            compile_release(DEV, dev_pins(components, args.registry or ""), file)
        else:
            file.write_bytes(frozen(workspace, args.release_tag).pipeline)
        if settings:
            _apply(settings, file, args.output)


def _apply(settings: PlatformSettings, file: Path, output: Path) -> None:
    # Here, because KFP's messages take a while, which a release without settings does not need.
    from pipelines.compiled.file import PipelineFile
    from pipelines.kubeflow.platform.apply import apply

    compiled = replace(PipelineFile.load(file), path=output)
    file.write_text(apply(settings, compiled).text())
    if settings.service_account:
        print(
            f"{settings.path}: the service account {settings.service_account!r} is of runs, not of"
            f" a file; give pipelines.submit and pipelines.deploy --platform {settings.path} too",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(run_command("pipelines.compile", main))
