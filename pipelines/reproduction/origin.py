"""Read from MLflow how a model was made."""

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

# The steps from the source to the verdict; without their records a run cannot be repeated.
_STEPS = ("pull_data", "preprocess", "train", "evaluate")


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
