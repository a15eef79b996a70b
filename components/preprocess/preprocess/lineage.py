"""What the step was given, as the two files that it writes say of themselves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pinion_step.lineage import sha256

if TYPE_CHECKING:
    from preprocess.settings import Settings

KEY = "pinion.preprocess"


def describe(
    settings: "Settings", ignored: tuple[str, ...], inputs: Mapping[str, Path]
) -> dict[str, str]:
    """Return the metadata that say the parameters, and the SHA-256 of each input file."""
    document = {
        "parameters": {
            "target": settings.target,
            "task": settings.task.value if settings.task else "",
            "test_fraction": settings.test_fraction,
            "seed": settings.seed,
            "ignore_columns": list(ignored),
            "allowed_checks": list(settings.allowed.entries),
        },
        "inputs": {name: sha256(path) for name, path in inputs.items()},
    }
    return {KEY: json.dumps(document, ensure_ascii=False, sort_keys=True)}
