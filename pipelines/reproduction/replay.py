"""Find what made a model, and turn its recorded run into the parameters that repeat it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.compiled import values
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.input_sources import Constant, FromGraph, Source
from pipelines.compiled.parameters import complete
from pipelines.compiled.values import Value
from pipelines.components.component import discover
from pipelines.models.lineage import components_of
from pipelines.models.records import Record, read_records
from pipelines.models.registry import ModelVersion
from pipelines.pinning.compiler import DEV, dev_pins
from pipelines.pinning.releases import frozen, tags
from pipelines.reproduction.steps import Step, steps_of
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

# The steps from the source to the verdict; without their records a run cannot be repeated.
_STEPS = ("pull_data", "preprocess", "train", "evaluate")
# What `resolve` takes for "hand on nothing"; see components/README.md.
NOTHING = "none"
# The policy with which `decide` asks nobody.
_ALWAYS = "always"


@dataclass(frozen=True)
class Origin:
    """The run that made a model, as MLflow records it."""

    name: str
    release: str
    components: Mapping[str, str]
    revision: str
    metrics: Mapping[str, float]
    records: Mapping[str, Record]

    @classmethod
    def of(cls, client: Any, version: ModelVersion) -> "Origin":
        """Read the run of a model version; raise `PinionError` if it cannot be repeated."""
        name = f"{version.name}/{version.number}"
        if not version.run_id:
            raise PinionError(f"{name} has no run to repeat: it was registered without one")
        run = client.get_run(version.run_id)
        tags = run.data.tags
        records = read_records(client, version.run_id)
        if missing := [step for step in _STEPS if step not in records]:
            raise PinionError(
                f"{name} has no recorded lineage: its run {version.run_id} does not record the"
                f" inputs of {', '.join(missing)}; train the model again with components that"
                " record them"
            )
        if not (release := tags.get("pinion.release", "")):
            raise PinionError(f"{name} has no release: its steps were run by hand")
        return cls(
            name,
            release,
            components_of(tags),
            tags.get("mlflow.source.git.commit", ""),
            run.data.metrics,
            records,
        )


def refuse_other_code(workspace: Workspace, origin: Origin) -> None:
    """Raise `PinionError` if the components here are not those that made the model."""
    if origin.release == DEV:
        here = {pin.name: pin.exact for pin in dev_pins(discover(workspace.components))}
        where = "the working tree"
    else:
        if origin.release not in tags(workspace):
            raise PinionError(
                f"{origin.name} was made by release {origin.release}, which this clone does not"
                " have; run git pull, or reproduce it in the repository of that release"
            )
        locked = frozen(workspace, origin.release).lock.components
        here = {name: each.image.exact for name, each in locked.items()}
        where = f"release {origin.release} in this clone"
    differing = [
        f"{name} {here.get(name, 'missing')} (recorded: {origin.components.get(name, 'none')})"
        for name in sorted(here.keys() | origin.components.keys())
        if here.get(name) != origin.components.get(name)
    ]
    if differing:
        commit = f"; it was made at git commit {origin.revision}" if origin.revision else ""
        raise PinionError(
            f"{origin.name} was made by other components than those of {where}:"
            f" {', '.join(differing)}{commit}"
        )


def parameters_of(pipeline: Pipeline, records: Mapping[str, Record]) -> dict[str, Value]:
    """Return parameters that give every step its recorded values, and register nothing.

    Raises `PinionError` if no parameters of the pipeline do so.
    """
    given: dict[str, Value] = {}
    steps = {step.name: step for step in steps_of(pipeline)}
    for step in steps.values():
        for name, value in records.get(step.component, Record()).parameters.items():
            where = f"{step.component} was run with {name}={value!r}"
            source, is_handed_on = _origin(step, name, steps)
            if not isinstance(source, FromGraph):
                _require_constant(step, name, value, where)
                continue
            # A step that is given nothing to hand on looks for a value by itself.
            wanted = NOTHING if is_handed_on and value == "" else value
            held = _checked(pipeline, source.name, wanted, where)
            if given.setdefault(source.name, held) != held:
                raise PinionError(
                    f"{where}, but another step with {given[source.name]!r} for the same parameter"
                    f" {source.name!r}: they were not part of one run, so it cannot be repeated"
                )
    # The model is made again whatever was decided then, or would be decided now.
    given |= {"retrain": _ALWAYS} if "retrain" in pipeline.parameters else {}
    return complete(pipeline.parameters, {**given, "register": False})


def _origin(step: Step, name: str, steps: Mapping[str, Step]) -> tuple[Source | None, bool]:
    """Return the source of a step's parameter, and whether another step hands it on.

    A step such as `resolve` gives as an output what it is given as the input of the same name.
    """
    source, is_handed_on = step.parameters.get(name), False
    while isinstance(source, FromGraph) and source.task:
        source, is_handed_on = steps[source.task].parameters.get(source.name), True
    return source, is_handed_on


def outputs(pipeline: Pipeline, records: Mapping[str, Record]) -> Iterator[tuple[Step, str, str]]:
    """Yield step, output and SHA-256 of every recorded output, in the order of a run.

    A file that passes from step to step was hashed by the steps that read it.
    """
    named = [(step, records.get(step.component, Record())) for step in steps_of(pipeline)]
    read = {
        source: record.inputs[name]
        for step, record in named
        for name, source in step.artifacts.items()
        if name in record.inputs
    }
    for step, record in named:
        files = {made.name: sha256 for made, sha256 in read.items() if made.task == step.name}
        for output, sha256 in {**files, **record.outputs}.items():
            yield step, output, sha256


def _require_constant(step: Step, name: str, value: Any, where: str) -> None:
    """Require that a value without a parameter is a constant or the component's default."""
    source, declared = step.parameters.get(name), step.declared.get(name)
    held = source.value if isinstance(source, Constant) else declared and declared.default
    if held != value:
        raise PinionError(
            f"{where}, but this pipeline has no parameter for {name}; run the steps by hand"
        )


def _checked(pipeline: Pipeline, name: str, value: Any, where: str) -> Value:
    try:
        return values.check(value, pipeline.parameters[name].kind)
    except ValueError as error:
        raise PinionError(f"{where}: the parameter {name!r}: {error}") from None
