"""Compiles the pipeline with every component pinned: `python -m pipelines.compile RELEASE_TAG`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.components import Component, discover
from pipelines.errors import PinionError, UsageError, run_command
from pipelines.packages import Package, packaged
from pipelines.workspace import Workspace

DEV = "dev"


@dataclass(frozen=True)
class Pin:
    """A component, and the one exact version and image of it that a release holds."""

    component: Component
    version: str
    image: str


def dev_pins(packages: Mapping[str, Package]) -> list[Pin]:
    """The working tree, pinned to what is packaged of it."""
    versions = {name: package.dev_version() for name, package in packages.items()}
    return [
        Pin(package.component, versions[name], f"{package.component.repository}:{versions[name]}")
        for name, package in packages.items()
    ]


def unpinned(components: Mapping[str, Component]) -> list[Pin]:
    """The working tree before it is packaged: good for its parameters, not for a run."""
    return [
        Pin(component, component.version, component.repository) for component in components.values()
    ]


def known_tags() -> list[str]:
    """The tags that can be compiled: the working tree."""
    return [DEV]


def compile_release(tag: str, pins: Sequence[Pin], output: Path) -> None:
    """Writes the compiled pipeline, whole or not at all; the same pins give the same bytes.

    Raises `PinionError` where the interfaces and the wiring do not fit.
    """
    versions = sorted((pin.component.name, pin.version) for pin in pins)
    environment = {
        "PINION_RELEASE": tag,
        "PINION_COMPONENTS": ",".join(f"{name}={version}" for name, version in versions),
    }
    interfaces = {pin.component.name: pin.component.pinned(pin.image, environment) for pin in pins}
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
        partial = Path(folder) / "pipeline.yaml"
        _compile(interfaces, partial)
        os.replace(partial, output)


def _compile(interfaces: Mapping[str, str], output: Path) -> None:
    from kfp.compiler import Compiler
    from kfp.components import load_component_from_text

    from pipelines.training.pipeline import training_pipeline

    try:
        steps = {name: load_component_from_text(text) for name, text in interfaces.items()}
        Compiler().compile(training_pipeline(steps), str(output))
    except OSError:
        raise
    # KFP says in many types, down to KeyError, that an interface and the wiring do not fit.
    except Exception as error:
        raise PinionError(
            "the interfaces of the components and pipelines/training/pipeline.py do not fit:"
            f" {type(error).__name__}: {error}"
        ) from error


def check_tag(tag: str) -> None:
    """Raises `UsageError`, naming the known ones, for a tag that is none."""
    if tag not in known_tags():
        raise UsageError(f"unknown release {tag!r}; known: {', '.join(known_tags())}")


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.compile", description=__doc__)
    parser.add_argument(
        "release_tag", metavar="RELEASE_TAG", help="the release; `dev` is the working tree"
    )
    parser.add_argument("--output", type=Path, default=Path("pipeline.yaml"), metavar="FILE")
    add_dist_flag(parser)
    return parser


def add_dist_flag(parser: argparse.ArgumentParser) -> None:
    """The flag of the commands that use what Pants packaged."""
    parser.add_argument(
        "--dist",
        type=Path,
        default=Workspace.dist,
        metavar="DIR",
        help="where Pants put the PEXes (default: dist/)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    check_tag(args.release_tag)
    workspace = Workspace(dist=args.dist.resolve())
    packages = packaged(workspace, discover(workspace.components).values())
    compile_release(DEV, dev_pins(packages), args.output)
    print(f"compiled {args.release_tag} into {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pipelines.compile", main))
