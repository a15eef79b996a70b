"""The model folder, and the tags that say where its versions come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinion_step.lineage import release_tags
from pinion_step.mlmodel import identifier, read_mlmodel


@dataclass(frozen=True)
class ModelFolder:
    """The ids in the MLmodel file."""

    model_id: str
    run_id: str

    @property
    def uri(self) -> str:
        """Return the source of the model's registered versions, by which they are found."""
        return f"models:/{self.model_id}"


def read_model_folder(folder: Path) -> ModelFolder:
    """Parse `folder/MLmodel`; raises `StepError` if it names no logged model."""
    document = read_mlmodel(folder)
    return ModelFolder(*(identifier(folder, document, key) for key in ("model_id", "run_id")))


_FROM_THE_RUN = ("pinion.dataset.sha256", "pinion.dataset.source")


def version_tags(
    model: ModelFolder, run_tags: Mapping[str, str], environ: Mapping[str, str], why: str
) -> dict[str, str]:
    """Return the tags of a version of this model, whose training run has `run_tags`.

    `why` says why it was trained, if that is known.
    """
    return {
        "pinion.model_id": model.model_id,
        "pinion.run_id": model.run_id,
        "pinion.evaluation": "passed",
        **({"pinion.why": why} if why else {}),
        **release_tags(environ),
        **{name: run_tags[name] for name in _FROM_THE_RUN if run_tags.get(name)},
    }
