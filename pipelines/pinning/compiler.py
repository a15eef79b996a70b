"""Compile the training pipeline with every component pinned, or take what was compiled before."""

import hashlib
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.components.component import Component
from pipelines.components.image import ImageReference
from pipelines.components.interface import Interface
from pipelines.system.errors import PinionError
from pipelines.system.manifests import file_hash
from pipelines.system.workspace import ROOT, Workspace, whole

DEV = "dev"


@dataclass(frozen=True)
class Pin:
    """A component with the exact version and image that a release uses.

    `content` is the hash of its content.
    """

    name: str
    version: str
    image: str
    interface: Interface
    content: str = ""

    @property
    def exact(self) -> str:
        """The version, with the image's digest if it is known."""
        return ImageReference.parse(self.image).exact


def dev_pins(components: Mapping[str, Component], registry: str = "") -> list[Pin]:
    """Return pins of the working tree by content, with images in a registry if one is given."""
    pins = []
    for name, component in components.items():
        version = component.dev_version()
        repository = f"{registry}/{component.repository}" if registry else component.repository
        image, content = f"{repository}:{version}", component.content()
        pins.append(Pin(name, version, image, component.interface, content.hash))
    return pins


# The longest part of KFP's messages that is shown, in characters: they begin with the error and go
# on to repeat the whole document.
_LONGEST_MESSAGE = 600
WIRING = Path("pipelines/training/pipeline.py")
CHOICES_FILE = Path("pipelines/training/choices.py")
_MISFIT = f"the interfaces of the components and {WIRING} do not fit together"


def compile_pipeline(tag: str, pins: Sequence[Pin]) -> bytes:
    """Return the compiled pipeline; equal pins give equal bytes.

    Raises `PinionError` if the interfaces do not fit the wiring.
    """
    from pipelines.compiled import driver_rules
    from pipelines.compiled.file import COMPONENTS, RELEASE, PipelineFile

    environment = {
        RELEASE: tag,
        COMPONENTS: ",".join(
            f"{pin.name}={pin.exact}" for pin in sorted(pins, key=lambda pin: pin.name)
        ),
    }
    with tempfile.TemporaryDirectory() as folder:
        # KFP writes only to files, and tells the format from the suffix.
        file = Path(folder) / "pipeline.yaml"
        _compile(pins, environment, file)
        compiled = file.read_bytes()
    driver_rules.refuse(PipelineFile.parse(WIRING, compiled))
    return compiled


def _compile(pins: Sequence[Pin], environment: Mapping[str, str], output: Path) -> None:
    from kfp.compiler import Compiler

    try:
        # Imported here, so that an error in these files, which users edit, becomes one line too.
        from pipelines.training.choices import CHOICES
        from pipelines.training.pipeline import training_pipeline
        from pipelines.training.recipe import CODE, DECIDES, MAKE_THE_MODEL

        code = {DECIDES: {CODE: recipe_code(pins, MAKE_THE_MODEL)}}
        steps = {pin.name: step(pin, environment, code.get(pin.name, {})) for pin in pins}
        pipeline = training_pipeline(steps)
        _offer(CHOICES, pipeline.pipeline_spec.root.input_definitions.parameters)
        Compiler().compile(pipeline, str(output))
    except (OSError, PinionError):
        raise
    except KeyError as error:
        raise PinionError(
            f"{_MISFIT}: the pipeline uses {error}, which is neither a component nor an output of"
            f" that step; the components and their outputs are {_outputs(pins)}"
        ) from error
    except Exception as error:
        text = textwrap.shorten(str(error), _LONGEST_MESSAGE)
        raise PinionError(f"{_MISFIT}: {type(error).__name__}: {text}") from error


def recipe_code(pins: Sequence[Pin], names: Collection[str]) -> str:
    """Return the hash of the components that make a model of some data and parameters."""
    contents = sorted(f"{pin.name}={pin.content}" for pin in pins if pin.name in names)
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()


def _offer(choices: Mapping[str, Sequence[str]], parameters: Mapping[str, Any]) -> None:
    """Write the values that parameters take into their messages, which the SDK cannot do."""
    for name, values in choices.items():
        if name not in parameters:
            raise PinionError(
                f"{CHOICES_FILE}: {name!r} is not a parameter of the pipeline; remove it, or add"
                f" the parameter in {WIRING}"
            )
        if (default := parameters[name].default_value.string_value) not in values:
            raise PinionError(
                f"{CHOICES_FILE}: {name!r} has the default {default!r}, which is not among its"
                " values; add it"
            )
        for value in values:
            parameters[name].literals.add(string_value=value)


def step(
    pin: Pin, environment: Mapping[str, str], constants: Mapping[str, str] = MappingProxyType({})
) -> Callable[..., Any]:
    """Return a component for the wiring to call, with these variables and constant inputs.

    Inputs that a call leaves out have their defaults. If a call does not fit, it raises
    `PinionError`, which names the step.
    """
    from kfp.components import load_component_from_text

    def named(call: Callable[..., Any], *arguments: Any, **inputs: Any) -> Any:
        # KFP raises errors of many types if it cannot read an interface or an input does not fit.
        try:
            return call(*arguments, **inputs)
        except Exception as error:
            text = textwrap.shorten(str(error), _LONGEST_MESSAGE)
            raise PinionError(
                f"{_MISFIT}: step {pin.name!r} ({pin.name} {pin.version}): {text}"
            ) from error

    component = named(load_component_from_text, pin.interface.pinned(pin.image, environment))
    # KFP's driver knows the arguments of a task, but not the defaults of its component.
    inputs = component.component_spec.inputs or {}
    defaults = {name: each.default for name, each in inputs.items() if each.default is not None}
    return lambda **given: named(component, **{**defaults, **constants, **given})


def _outputs(pins: Iterable[Pin]) -> str:
    return "; ".join(f"{pin.name}: {', '.join(pin.interface.signature.outputs)}" for pin in pins)


_KEPT = 50


def compile_dev(workspace: Workspace, pins: Sequence[Pin]) -> bytes:
    """Return the compiled pipeline of the working tree.

    Raises `PinionError` if the interfaces do not fit the wiring.
    """
    kept = workspace.cache / "compiled" / f"{_key(pins)}.yaml"
    if (compiled := _read(kept)) is not None:
        return compiled
    compiled = compile_pipeline(DEV, pins)
    # The cache only saves time; other code reports that it is full or read-only.
    with suppress(OSError):
        _keep(kept, compiled)
    return compiled


def _key(pins: Sequence[Pin]) -> str:
    """Return the hash of what a compiled file depends on: the pins, our code, the SDK, Python."""
    hashes = hashlib.sha256(f"{sys.version}\n{list(pins)}\n".encode())
    pipelines = ROOT / "pipelines"
    sources = (path for path in pipelines.rglob("*.py") if not path.match("*_test.py"))
    for path in sorted((pipelines / "requirements.lock", *sources)):
        hashes.update(f"{file_hash(path)}  {path.relative_to(ROOT)}\n".encode())
    return hashes.hexdigest()


def _read(kept: Path) -> bytes | None:
    """Return a cached file if it is complete; its first line is the hash of the rest."""
    try:
        digest, _, compiled = kept.read_bytes().partition(b"\n")
        os.utime(kept)
    except OSError:
        return None
    return compiled if hashlib.sha256(compiled).hexdigest().encode() == digest else None


def _keep(kept: Path, compiled: bytes) -> None:
    with whole(kept) as file:
        file.write_bytes(hashlib.sha256(compiled).hexdigest().encode() + b"\n" + compiled)
    by_use = sorted(kept.parent.glob("*.yaml"), key=lambda path: -path.stat().st_mtime)
    for old in by_use[_KEPT:]:
        old.unlink(missing_ok=True)
