"""Describe versions and runs in the words that the lists of KFP's dashboard show."""

import json
import textwrap
from collections.abc import Mapping

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.values import Value
from pipelines.system.connections import without_secrets

# KFP's database has no room for more characters of a run's description.
_LONGEST = 255


def of_pipeline(file: PipelineFile) -> str:
    """Return what the file says about its pipeline; empty if it says nothing."""
    return str(file.spec.pipeline_info.description)


def of_version(file: PipelineFile, tag: str, name: str) -> str:
    """Return the release of a version and the versions of its components."""
    settings = "" if name == tag else " with other cluster settings"
    components = ", ".join(f"{step} {version}" for step, version in file.components.items())
    return f"Release {tag}{settings}" + (f": {components}" if components else "")


def of_run(file: PipelineFile, parameters: Mapping[str, Value]) -> str:
    """Return the release of a run and the parameters that differ from the file's defaults."""
    declared = file.parameters
    changed = [
        f"{name}={_text(value)}"
        for name, value in parameters.items()
        if value != declared[name].default
    ]
    what = f"Release {file.release}" if file.release else "Pipeline"
    chosen = ", ".join(changed) or "the default parameters"
    return textwrap.shorten(f"{what} with {chosen}", _LONGEST, placeholder=" …")


def _text(value: Value) -> str:
    if isinstance(value, str):
        # More people look at a list of runs than at the page of one.
        return without_secrets(value) or '""'
    return json.dumps(value, ensure_ascii=False)
