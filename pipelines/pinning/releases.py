"""Read and write the releases in git: a folder each, with a lock and the compiled pipeline."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.version import Version

from pipelines.components.git import file_at_tag
from pipelines.components.image import version_number
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.system import yaml_text
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace


@dataclass(frozen=True)
class Release:
    """A release: its lock, and its compiled pipeline as bytes."""

    lock: Lock
    pipeline: bytes


def tags(workspace: Workspace) -> list[str]:
    """Return the tags of all releases, the oldest version first."""
    locks = workspace.releases.glob("*/lock.yaml")
    return sorted((path.parent.name for path in locks if _is_version(path)), key=Version)


def _is_version(lock: Path) -> bool:
    try:
        version_number(lock.parent.name)
    except ValueError:
        # A release is written under a temporary name until it is complete.
        return False
    return True


def locks(workspace: Workspace) -> dict[str, Lock]:
    """Return the locks of all releases by tag, the oldest version first."""
    return {tag: _lock(workspace, tag) for tag in tags(workspace)}


def locked_images(workspace: Workspace) -> Mapping[str, Locked]:
    """Return the entries of all releases by their full image references."""
    return {
        str(each.image): each
        for lock in locks(workspace).values()
        for each in lock.components.values()
    }


def frozen(workspace: Workspace, tag: str) -> Release:
    """Return a release as it was made.

    Raises `UsageError` for an unknown tag, and `PinionError` if its files were edited.
    """
    known = tags(workspace)
    if tag not in known:
        raise UsageError(f"unknown release {tag!r}; known: {', '.join(['dev', *reversed(known)])}")
    lock = _lock(workspace, tag)
    file = workspace.releases / tag / "pipeline.yaml"
    where = file.relative_to(workspace.root)
    pipeline = file.read_bytes()
    if sha256(pipeline) != lock.pipeline:
        raise PinionError(
            f"{where} was edited: its hash does not match lock.yaml; restore it"
            f" (git checkout -- {where}), or make another release"
        )
    locked = {str(each.image) for each in lock.components.values()}
    if unknown := _images(pipeline, str(where)) - locked:
        raise PinionError(
            f"{where} runs {', '.join(sorted(unknown))}, which lock.yaml does not list; restore"
            f" the release from git (git checkout -- {where.parent})"
        )
    return Release(lock, pipeline)


def _images(pipeline: bytes, where: str) -> set[str]:
    # Read as plain YAML, because importing KFP's messages takes longer than everything else here.
    try:
        executors = yaml_text.documents(pipeline.decode())[0]["deploymentSpec"]["executors"]
        return {each["container"]["image"] for each in executors.values()}
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise PinionError(f"{where} is not a compiled pipeline: {error!r}") from error


def _lock(workspace: Workspace, tag: str) -> Lock:
    path = workspace.releases / tag / "lock.yaml"
    where = path.relative_to(workspace.root)
    lock = Lock.parse(path.read_bytes(), str(where))
    if lock.release != tag:
        raise PinionError(
            f"{where} is the lock of release {lock.release!r}; rename its folder back to"
            f" {lock.release}"
        )
    return lock


def changed_since_tag(workspace: Workspace, tag: str) -> list[str]:
    """Return the files of a release that differ from its git tag; none if there is no tag.

    A checksum only detects accidental edits: whoever edits on purpose can compute a new one.
    """
    changed = []
    for name in ("lock.yaml", "pipeline.yaml"):
        where = (workspace.releases / tag / name).relative_to(workspace.root)
        tagged = file_at_tag(workspace, tag, str(where))
        if tagged is not None and tagged != (workspace.root / where).read_bytes():
            changed.append(str(where))
    return changed


def store(workspace: Workspace, release: Release) -> Path:
    """Write the folder of a new release, whole or not at all."""
    folder = workspace.releases / release.lock.release
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}."
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as temporary:
        partial = Path(temporary) / "whole"
        partial.mkdir()
        (partial / "lock.yaml").write_text(release.lock.text())
        (partial / "pipeline.yaml").write_bytes(release.pipeline)
        try:
            partial.rename(folder)
        except OSError as error:
            where = folder.relative_to(workspace.root)
            raise PinionError(
                f"cannot create {where}: {error.strerror}; delete it if it is not a release"
            ) from error
    return folder
