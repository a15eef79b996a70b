"""The origin of outputs: hashes of files, and tags that name the release and its components."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pinion_step.errors import StepError


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, which is read in pieces, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def release_tags(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the MLflow tags that name the release, the pipeline run and the component versions.

    A runner sets the variables. Raises `StepError` if PINION_COMPONENTS is malformed.
    """
    tags = {
        "pinion.release": environ.get("PINION_RELEASE", ""),
        "pinion.pipeline_run": environ.get("PINION_PIPELINE_RUN", ""),
    }
    for pair in filter(str.strip, environ.get("PINION_COMPONENTS", "").split(",")):
        name, equals, version = (part.strip() for part in pair.partition("="))
        if not (name and equals and version):
            raise StepError(
                f"PINION_COMPONENTS: {pair!r} is not NAME=VERSION; give such pairs, separated by"
                " commas"
            )
        tags[f"pinion.component.{name}"] = version
    return {name: value for name, value in tags.items() if value}
