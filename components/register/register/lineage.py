"""The tags of a version, which say where it comes from."""

from collections.abc import Mapping

from register.errors import RegisterError
from register.model import ModelFolder

_FROM_THE_RUN = ("pinion.dataset.sha256", "pinion.dataset.source")


def version_tags(
    model: ModelFolder, run_tags: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """The tags of a version of this model, whose training run has `run_tags`."""
    tags = {
        "pinion.model_id": model.model_id,
        "pinion.run_id": model.run_id,
        "pinion.evaluation": "passed",
        "pinion.release": environ.get("PINION_RELEASE", ""),
        "pinion.pipeline_run": environ.get("PINION_PIPELINE_RUN", ""),
        **_component_tags(environ.get("PINION_COMPONENTS", "")),
        **{name: run_tags.get(name, "") for name in _FROM_THE_RUN},
    }
    return {name: value for name, value in tags.items() if value}


def _component_tags(pairs: str) -> dict[str, str]:
    tags = {}
    for pair in filter(None, pairs.split(",")):
        name, separator, version = pair.partition("=")
        if not (name and separator and version):
            raise RegisterError(
                f"PINION_COMPONENTS must be name=version pairs with commas, given {pairs!r}"
            )
        tags[f"pinion.component.{name}"] = version
    return tags
