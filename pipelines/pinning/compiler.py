"""Compile the training pipeline with every component pinned."""

import tempfile
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.pinning.pins import Pin
from pipelines.system.errors import PinionError

# The longest part of KFP's messages that is shown, in characters: they begin with the error and go
# on to repeat the whole document.
_LONGEST_MESSAGE = 600
WIRING = Path("pipelines/training/pipeline.py")
_MISFIT = f"the interfaces of the components and {WIRING} do not fit together"


def compile_pipeline(tag: str, pins: Sequence[Pin]) -> bytes:
    """Return the compiled pipeline; equal pins give equal bytes.

    Raises `PinionError` if the interfaces do not fit the wiring.
    """
    from pipelines.compiled.file import COMPONENTS, RELEASE, PipelineFile
    from pipelines.compiled.placeholders import refuse_unfilled

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
    refuse_unfilled(PipelineFile.parse(WIRING, compiled))
    return compiled


def _compile(pins: Sequence[Pin], environment: Mapping[str, str], output: Path) -> None:
    from kfp.compiler import Compiler

    steps = {pin.name: _step(pin, environment) for pin in pins}
    try:
        # Imported here, so that an error in this file, which users edit, becomes one line too.
        from pipelines.training.pipeline import training_pipeline

        Compiler().compile(training_pipeline(steps), str(output))
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


def _step(pin: Pin, environment: Mapping[str, str]) -> Callable[..., Any]:
    """Return a component for the wiring to call, which names its step if the call does not fit."""
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
    return lambda **given: named(component, **{**defaults, **given})


def _outputs(pins: Iterable[Pin]) -> str:
    return "; ".join(f"{pin.name}: {', '.join(pin.interface.signature.outputs)}" for pin in pins)
