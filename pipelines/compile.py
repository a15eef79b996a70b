"""Compile the pipeline with every component pinned: `python -m pipelines.compile RELEASE_TAG`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.components.component import discover
from pipelines.console.command import add_platform_flag, run_command
from pipelines.pinning.compiler import DEV, compile_pipeline, dev_pins
from pipelines.pinning.releases import frozen
from pipelines.registry.address import address
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace, whole

if TYPE_CHECKING:
    from pipelines.kubeflow.platform.file import PlatformSettings


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.compile", description=__doc__)
    parser.add_argument(
        "release_tag",
        metavar="RELEASE_TAG",
        help="release to compile, or dev for the working tree",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("pipeline.yaml"),
        metavar="FILE",
        help="file to write (default: %(default)s)",
    )
    parser.add_argument(
        "--registry",
        type=address,
        metavar="ADDRESS",
        help="registry that pipelines.publish --dev pushed the images to; for dev only",
    )
    add_platform_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    settings = None
    if args.platform:
        # Imported here, because only a platform file needs pydantic, which takes a while to import.
        from pipelines.kubeflow.platform.file import PlatformSettings

        settings = PlatformSettings.load(args.platform)
    if args.registry and args.release_tag != DEV:
        raise UsageError(
            f"--registry is for dev only: the lock of release {args.release_tag!r} already names"
            " its registry; leave --registry out"
        )
    with whole(args.output) as file:
        workspace = Workspace()
        if args.release_tag == DEV:
            pins = dev_pins(discover(workspace.components), args.registry or "")
            pipeline = compile_pipeline(DEV, pins)
        else:
            pipeline = frozen(workspace, args.release_tag).pipeline
        if settings:
            pipeline = _applied(settings, args.output, pipeline)
        file.write_bytes(pipeline)
    print(f"compiled {args.release_tag} into {args.output}")
    return 0


def _applied(settings: "PlatformSettings", path: Path, pipeline: bytes) -> bytes:
    # Imported here, because KFP's messages take a while to import, and only settings need them.
    from pipelines.compiled.file import PipelineFile
    from pipelines.kubeflow.platform.apply import apply

    applied = apply(settings, PipelineFile.parse(path, pipeline)).text()
    if settings.service_account:
        print(
            f"{settings.path}: the service account {settings.service_account!r} is not part of the"
            " compiled file, because it belongs to a run; to use it, also give --platform"
            f" {settings.path} to pipelines.submit or pipelines.deploy",
            file=sys.stderr,
        )
    return applied.encode()


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.compile", main))
