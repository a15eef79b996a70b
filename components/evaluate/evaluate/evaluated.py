"""What the step has found, before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluate.gate.evaluation import Evaluation
from evaluate.inputs.dataset import Split


@dataclass(frozen=True)
class Evaluated:
    """The verdict on the rows of a split, the texts of the outputs by name, and the plots as PNG.

    `lineage` among the texts is for MLflow only, as the plots are.
    """

    evaluation: Evaluation
    split: Split
    outputs: Mapping[str, str]
    plots: Mapping[str, bytes] = field(default_factory=dict)
