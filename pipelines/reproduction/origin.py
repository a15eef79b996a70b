"""The run that made a model, as MLflow holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.components.component import discover
from pipelines.models.lineage import components_of
from pipelines.models.records import Record, read_records
from pipelines.models.registry import ModelVersion
from pipelines.pinning.pins import DEV, dev_pins
from pipelines.pinning.releases import frozen, tags
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

# The steps between a source and a verdict, without which a run cannot be repeated.
_STEPS = ("pull_data", "preprocess", "train", "evaluate")


@dataclass(frozen=True)
class Origin:
    """What MLflow holds of the run that made a model."""

    name: str
    release: str
    components: Mapping[str, str]
    revision: str
    metrics: Mapping[str, float]
    records: Mapping[str, Record]

    @classmethod
    def of(cls, client: Any, version: ModelVersion) -> "Origin":
        """Raises `PinionError` where the run cannot be repeated."""
        name = f"{version.name}/{version.number}"
        if not version.run_id:
            raise PinionError(f"{name} has no run: it was registered from elsewhere")
        run = client.get_run(version.run_id)
        tags = run.data.tags
        records = read_records(client, version.run_id)
        if lacking := [step for step in _STEPS if step not in records]:
            raise PinionError(
                f"{name} has no recorded lineage: its run {version.run_id} does not say what"
                f" {', '.join(lacking)} was given; train it again, with components that record it"
            )
        if not (release := tags.get("pinion.release", "")):
            raise PinionError(f"{name} has no release: its steps were called by hand")
        return cls(
            name,
            release,
            components_of(tags),
            tags.get("mlflow.source.git.commit", ""),
            run.data.metrics,
            records,
        )


def refuse_other_code(workspace: Workspace, origin: Origin) -> None:
    """Raises `PinionError` where the components here are not those that made the model."""
    if origin.release == DEV:
        here = {pin.name: pin.exact for pin in dev_pins(discover(workspace.components))}
        where = "the working tree"
    else:
        if origin.release not in tags(workspace):
            raise PinionError(
                f"{origin.name} was made by release {origin.release}, which this clone does not"
                " have; git pull, or call it in the repository whose release that is"
            )
        locked = frozen(workspace, origin.release).lock.components
        here = {name: each.image.exact for name, each in locked.items()}
        where = f"release {origin.release} of this clone"
    differing = [
        f"{name} {here.get(name, 'missing')} (recorded: {origin.components.get(name, 'none')})"
        for name in sorted(here.keys() | origin.components.keys())
        if here.get(name) != origin.components.get(name)
    ]
    if differing:
        commit = f"; it was made at git commit {origin.revision}" if origin.revision else ""
        raise PinionError(
            f"{origin.name} was made by other components than {where} has:"
            f" {', '.join(differing)}{commit}"
        )
