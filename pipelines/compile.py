"""Compiles the pipeline with every component pinned: `python -m pipelines.compile RELEASE_TAG`."""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.addresses import address
from pipelines.components import Component, discover
from pipelines.errors import PinionError, UsageError, run_command
from pipelines.images import ImageReference
from pipelines.interfaces import Interface
from pipelines.kubeflow.platform_file import PlatformSettings, add_platform_flag
from pipelines.releases import frozen
from pipelines.workspace import Workspace, whole

DEV = "dev"
# Characters of its messages, which repeat the whole document; what is wrong stands first.
_KFP_SAYS = 600
_MISFIT = "the interfaces of the components and pipelines/training/pipeline.py do not fit"


@dataclass(frozen=True)
class Pin:
    """A component, and the one exact version and image of it that a release holds."""

    name: str
    version: str
    image: str
    interface: Interface

    @property
    def exact(self) -> str:
        """The version, with the image's digest where it is known."""
        return ImageReference.parse(self.image).exact


def dev_pins(components: Mapping[str, Component], registry: str = "") -> list[Pin]:
    """The working tree, pinned to its content; in a registry, if one is named."""
    pins = []
    for name, component in components.items():
        version = component.dev_version()
        repository = f"{registry}/{component.repository}" if registry else component.repository
        pins.append(Pin(name, version, f"{repository}:{version}", component.interface))
    return pins


def compile_release(tag: str, pins: Sequence[Pin], output: Path) -> None:
    """Writes the compiled pipeline, whole or not at all; the same pins give the same bytes.

    Raises `PinionError` where the interfaces and the wiring do not fit.
    """
    from pipelines.pipeline_file import COMPONENTS, RELEASE, PipelineFile
    from pipelines.unfilled import refuse_unfilled

    environment = {
        RELEASE: tag,
        COMPONENTS: component_versions({pin.name: pin.exact for pin in pins}),
    }
    with whole(output) as file:
        _compile(pins, environment, file)
        refuse_unfilled(replace(PipelineFile.load(file), path=output))


def component_versions(versions: Mapping[str, str]) -> str:
    """The exact versions of all components as the steps are told them."""
    return ",".join(f"{name}={version}" for name, version in sorted(versions.items()))


def _compile(pins: Sequence[Pin], environment: Mapping[str, str], output: Path) -> None:
    from kfp.compiler import Compiler

    steps = {pin.name: _step(pin, environment) for pin in pins}
    try:
        # Here, because it is edited, and what is wrong with it is said in one line too.
        from pipelines.training.pipeline import training_pipeline

        Compiler().compile(training_pipeline(steps), str(output))
    except (OSError, PinionError):
        raise
    except KeyError as error:
        raise PinionError(
            f"{_MISFIT}: it asks for {error}, which is no component and no output of the step that"
            f" it asks; there are {_outputs(pins)}"
        ) from error
    except Exception as error:
        text = textwrap.shorten(str(error), _KFP_SAYS)
        raise PinionError(f"{_MISFIT}: {type(error).__name__}: {text}") from error


def _step(pin: Pin, environment: Mapping[str, str]) -> Callable[..., Any]:
    """A component for the wiring to call, which says whose it is when the call does not fit it."""
    from kfp.components import load_component_from_text

    def named(call: Callable[..., Any], *arguments: Any, **inputs: Any) -> Any:
        # KFP says in many types that it cannot read an interface, or that an input does not fit it.
        try:
            return call(*arguments, **inputs)
        except Exception as error:
            text = textwrap.shorten(str(error), _KFP_SAYS)
            raise PinionError(
                f"{_MISFIT}: step {pin.name!r} ({pin.name} {pin.version}): {text}"
            ) from error

    component = named(load_component_from_text, pin.interface.pinned(pin.image, environment))
    # KFP's driver knows what a task is given, and not the defaults of its component.
    inputs = component.component_spec.inputs or {}
    defaults = {name: each.default for name, each in inputs.items() if each.default is not None}
    return lambda **given: named(component, **{**defaults, **given})


def _outputs(pins: Iterable[Pin]) -> str:
    return "; ".join(f"{pin.name}: {', '.join(pin.interface.signature.outputs)}" for pin in pins)


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
    from pipelines.kubeflow.platform import apply
    from pipelines.pipeline_file import PipelineFile

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
