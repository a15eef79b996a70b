"""What the steps up to this one were given, and what this one gave, for whoever runs them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pinion_step.lineage import sha256
from pinion_step.outputs import to_json
from train.data.dataset import Dataset
from train.options import Options
from train.tracking.run import Run


def log_lineage(run: Run, options: Options, data: Dataset, metrics: Path) -> None:
    """Log a document for each step; of those before this one what the training split says."""
    documents: dict[str, Mapping[str, Any]] = {
        "train": {
            "parameters": given_parameters(options),
            "inputs": {"train_data": sha256(options.train_data), "schema": sha256(options.schema)},
            "outputs": {"metrics": sha256(metrics)},
        }
    }
    if data.source and data.sha256:
        documents["pull_data"] = {"parameters": {"source": data.source, "sha256": data.sha256}}
    if data.preprocess is not None:
        documents["preprocess"] = data.preprocess
    for step, document in documents.items():
        run.client.log_text(run.run_id, to_json(document), f"lineage/{step}.json")


def given_parameters(options: Options) -> dict[str, Any]:
    """Return what was asked for, as the flags take it; where MLflow is may be a secret."""
    search = asdict(options.search) if options.search else {}
    return {
        "model": options.model,
        "model_params": options.model_params,
        "search": {name: value for name, value in search.items() if value is not None},
        "seed": options.seed,
        "cv_folds": options.cv_folds,
        "experiment": options.experiment,
        "experiment_parameters": ",".join(
            f"{name}={value}" for name, value in options.experiment_parameters.items()
        ),
    }
