"""The lineage of a run: the inputs of each step up to this one, for whoever runs them again."""

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


def input_hashes(options: Options) -> dict[str, str]:
    """Return the SHA-256 of each input, by its name."""
    files = {
        "train_data": options.train_data,
        "schema": options.schema,
        "profile": options.profile,
    }
    return {name: sha256(path) for name, path in files.items()}


def log_lineage(
    run: Run, options: Options, data: Dataset, inputs: Mapping[str, str], metrics: Path
) -> None:
    """Log a document for each step; the training split tells about the steps before this one."""
    documents: dict[str, Mapping[str, Any]] = {
        "train": {
            "parameters": given_parameters(options),
            "inputs": inputs,
            "outputs": {"metrics": sha256(metrics)},
        }
    }
    if data.source and data.sha256:
        given = {"source": data.source, "sha256": data.sha256, **(data.pull_data or {})}
        documents["pull_data"] = {"parameters": given}
    if data.preprocess is not None:
        documents["preprocess"] = data.preprocess
    for step, document in documents.items():
        run.client.log_text(run.run_id, to_json(document), f"lineage/{step}.json")


def given_parameters(options: Options) -> dict[str, Any]:
    """Return the values of the flags, except MLflow's address, which may hold a password."""
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
