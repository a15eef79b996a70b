"""The model folder, which names its logged model."""

from dataclasses import dataclass
from pathlib import Path

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
