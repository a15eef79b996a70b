"""Upload releases to a cluster as versions of a pipeline: created once, never changed."""

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp_server_api as kfp
from google.protobuf import json_format

from pipelines.compiled.file import PipelineFile, tasks_of
from pipelines.compiled.kfp_messages import spec
from pipelines.kubeflow.api.answers import RefusedError
from pipelines.kubeflow.api.client import Api, identity
from pipelines.kubeflow.descriptions import of_version
from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Version:
    """A version of a pipeline; `file` is None if KFP does not report its content."""

    id: str
    name: str
    file: PipelineFile | None

    @classmethod
    def of(cls, version: Any) -> "Version":
        """Convert the API's object; raise `PinionError` if it has no id."""
        name = _name(version)
        found = identity(version, "pipeline_version_id")
        return cls(found, name, _file(name, version.pipeline_spec))

    def is_of(self, tag: str) -> bool:
        """Return whether it belongs to a release, with any cluster settings."""
        return bool(re.fullmatch(rf"{re.escape(tag)}(-[0-9a-f]{{8}})?", self.name))

    def holds(self, file: PipelineFile) -> bool:
        """Return whether its content is this file; if KFP does not report it, trust the name."""
        if self.file is None:
            return True
        nothing = spec.PlatformSpec()
        return bool(
            self.file.spec == file.spec
            and (self.file.platform or nothing) == (file.platform or nothing)
        )

    def differs_in_settings(self, file: PipelineFile) -> bool:
        """Return whether only platform settings or --no-cache set it apart from a file."""
        return self.file is not None and _bare(self.file) == _bare(file)


def find_pipeline(api: Api, name: str, namespace: str) -> str:
    """Return the id of the pipeline with a name, or an empty string."""
    call = api.pipelines.pipeline_service_list_pipelines
    # The API filters by display name, which anyone can change.
    for each in api.pages(call, "pipelines", namespace=namespace or None):
        if _name(each) == name:
            return identity(each, "pipeline_id")
    return ""


def make_pipeline(api: Api, name: str, namespace: str, description: str = "") -> str:
    """Create the pipeline that `find_pipeline` finds, never twice, and return its id."""
    pipeline = kfp.V2beta1Pipeline(
        name=name,
        display_name=name,
        description=description or None,
        namespace=namespace or None,
    )
    create = api.pipelines.pipeline_service_create_pipeline
    return api.create(
        lambda: identity(create(pipeline=pipeline), "pipeline_id"),
        lambda: find_pipeline(api, name, namespace) or None,
    )


def versions(api: Api, pipeline_id: str) -> list[Version]:
    """Return every version of a pipeline."""
    return [Version.of(each) for each in _versions(api, pipeline_id)]


def equal(api: Api, file: PipelineFile, namespace: str) -> tuple[str, str] | None:
    """Return the ids of the pipeline and of the version with this very content; None without one.

    A user who may run pipelines need not be allowed to list them, and is told of no version.
    """
    try:
        pipeline_id = find_pipeline(api, file.name, namespace)
        for each in versions(api, pipeline_id) if pipeline_id else []:
            if each.file is not None and each.holds(file):
                return pipeline_id, each.id
    except RefusedError:
        pass
    return None


def chosen(there: Iterable[Version], tag: str, file: PipelineFile) -> tuple[str, Version | None]:
    """Return the name of the version for a release's content, and the version if it exists.

    The name is the tag. If the tag already has the release with other cluster settings, it is the
    tag and a hash of the content. Raises `PinionError` if the tag is another pipeline.
    """
    of_tag = {each.name: each for each in there if each.is_of(tag)}
    for version in of_tag.values():
        if version.holds(file):
            return version.name, version
    if tag not in of_tag:
        return tag, None
    content = json.dumps(file.document(), sort_keys=True)
    name = f"{tag}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    if name in of_tag or not of_tag[tag].differs_in_settings(file):
        raise PinionError(
            f"version {tag!r} of pipeline {file.name!r} is not release {tag}: someone uploaded"
            " another pipeline under that name, and a version never changes; if you do not need"
            f" it, delete it with python -m pipelines.deploy {tag} --remove"
        )
    return name, None


def upload(api: Api, pipeline_id: str, tag: str, file: PipelineFile) -> Version:
    """Create the version that `chosen` finds, and never two, even if others do so at once."""
    while True:
        name, version = chosen(versions(api, pipeline_id), tag, file)
        made = version or _upload(api, pipeline_id, name, of_version(file, tag, name), file)
        # If another call was faster, with other settings, there is a next name.
        if made.holds(file):
            return made


def remove(api: Api, call: Callable[..., Any], **ids: Any) -> None:
    """Send a request that deletes something, and accept that it is already gone."""
    try:
        api.persist(call, **ids)
    except RefusedError as error:
        # An earlier try or another call deleted it, and the answer was lost.
        if error.status != 404:
            raise


def remove_version(api: Api, pipeline_id: str, version: Version) -> None:
    """Delete a version; its runs are kept."""
    call = api.pipelines.pipeline_service_delete_pipeline_version
    remove(api, call, pipeline_id=pipeline_id, pipeline_version_id=version.id)


def _versions(api: Api, pipeline_id: str) -> Iterable[Any]:
    call = api.pipelines.pipeline_service_list_pipeline_versions
    return api.pages(call, "pipeline_versions", pipeline_id=pipeline_id)


def _name(thing: Any) -> str:
    return str(thing.name or thing.display_name or "")


def _upload(api: Api, pipeline_id: str, name: str, description: str, file: PipelineFile) -> Version:
    with tempfile.TemporaryDirectory() as folder:
        # KFP tells the format from the file's suffix.
        path = Path(folder) / f"{name}.yaml"
        path.write_text(file.text())
        call = api.uploads.upload_pipeline_version
        made = api.create(
            lambda: call(
                str(path),
                name=name,
                display_name=name,
                description=description,
                pipelineid=pipeline_id,
            ),
            lambda: next((e for e in _versions(api, pipeline_id) if _name(e) == name), None),
        )
    return Version.of(made)


def _file(name: str, document: Any) -> PipelineFile | None:
    """Return a version's content; if it is not readable, an empty pipeline, unlike any release."""
    if not isinstance(document, dict) or not document:
        return None
    pipeline, platform = spec.PipelineSpec(), spec.PlatformSpec()
    file = PipelineFile(Path(name), pipeline, platform, "")
    try:
        json_format.ParseDict(document.get("pipeline_spec") or document, pipeline)
        json_format.ParseDict(document.get("platform_spec") or {}, platform)
        _ = file.deployment
    except (json_format.ParseError, PinionError):
        pipeline.Clear()
    return file


def _bare(file: PipelineFile) -> tuple[Any, Any]:
    pipeline = spec.PipelineSpec()
    pipeline.CopyFrom(file.spec)
    pipeline.ClearField("deployment_spec")
    for task in tasks_of(pipeline):
        task.ClearField("caching_options")
        task.ClearField("retry_policy")
    deployment = file.deployment
    for executor in deployment.executors.values():
        executor.container.ClearField("resources")
    return pipeline, deployment
