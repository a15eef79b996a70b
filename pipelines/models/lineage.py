"""Trace a model version back to its run, its data, its release, and the code of that release."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.components.git import tag_commit
from pipelines.models.registry import ModelRegistry, ModelVersion
from pipelines.pinning.lock import Lock
from pipelines.pinning.releases import locks
from pipelines.system.workspace import Workspace

_COMPONENT = "pinion.component."
Line = tuple[str, str]


def lineage(registry: ModelRegistry, version: ModelVersion, workspace: Workspace) -> list[Line]:
    """Return labels and texts, from the model back to its sources; state what is not known."""
    run = registry.client.get_run(version.run_id) if version.run_id else None
    tags = {**(run.data.tags if run else {}), **version.tags}
    release = tags.get("pinion.release", "")
    lock = locks(workspace).get(release)
    return [
        *_model(version),
        *_run(registry, run),
        ("dataset", tags.get("pinion.dataset.source", "not recorded")),
        ("sha256", tags.get("pinion.dataset.sha256", "not recorded")),
        ("pipeline run", tags.get("pinion.pipeline_run", "not recorded")),
        ("release", release or "none: the steps were run by hand"),
        *_components(components_of(tags), lock),
        *_revision(workspace, tags, release, lock),
    ]


def _model(version: ModelVersion) -> Iterator[Line]:
    yield "model", version.uri + (f" ({', '.join(version.aliases)})" if version.aliases else "")
    yield "registered", f"{version.created:%Y-%m-%d %H:%M:%S} UTC"
    yield "logged model", version.source
    yield "evaluation", version.tags.get("pinion.evaluation", "not recorded")
    yield "reason", version.tags.get("pinion.why", "not recorded")


def _run(registry: ModelRegistry, run: Any) -> Iterator[Line]:
    if run is None:
        yield "run", "none: the model was registered without an MLflow run"
        return
    experiment = registry.client.get_experiment(run.info.experiment_id).name
    started = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
    yield "run", f"{run.info.run_id} in {experiment!r}, {started:%Y-%m-%d %H:%M:%S} UTC"
    yield "metrics", ", ".join(
        f"{k} {v:.4f}" for k, v in sorted(run.data.metrics.items())
    ) or "none"
    yield "parameters", ", ".join(f"{k}={v}" for k, v in sorted(run.data.params.items())) or "none"


def components_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the component versions in some tags, with the digests of their images."""
    return {
        key.removeprefix(_COMPONENT): value
        for key, value in sorted(tags.items())
        if key.startswith(_COMPONENT)
    }


def _components(versions: Mapping[str, str], lock: Lock | None) -> Iterator[Line]:
    for name, exact in versions.items():
        locked = lock.components.get(name) if lock else None
        version, _, digest = exact.partition("@")
        # The lock knows the image's address, if it pins the same version.
        known = locked if locked and locked.image.exact == exact else None
        image = str(known.image) if known else digest
        commit = f"  commit {known.commit}" if known and known.commit else ""
        yield "component", f"{name} {version}  {image}{commit}".rstrip()


def _revision(
    workspace: Workspace, tags: Mapping[str, str], release: str, lock: Lock | None
) -> Iterator[Line]:
    """Yield the commit that the steps recorded, the release's lock, and the commit of its tag."""
    if recorded := tags.get("mlflow.source.git.commit"):
        yield "revision", recorded
    if lock:
        yield "lock", f"pipelines/releases/{release}/lock.yaml"
        yield "revision", tag_commit(workspace, release) or f"this clone has no git tag {release}"
    elif release not in ("", "dev"):
        yield "lock", f"this clone has no release {release}; run git pull, or use its repository"
