"""The lineage of a version: the tags that say where it comes from."""

from collections.abc import Mapping

from pinion_step.lineage import release_tags
from register.model import ModelFolder

_FROM_THE_RUN = ("pinion.dataset.sha256", "pinion.dataset.source")


def version_tags(
    model: ModelFolder, run_tags: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the tags of a version of this model, whose training run has `run_tags`."""
    return {
        "pinion.model_id": model.model_id,
        "pinion.run_id": model.run_id,
        "pinion.evaluation": "passed",
        **release_tags(environ),
        **{name: run_tags[name] for name in _FROM_THE_RUN if run_tags.get(name)},
    }
