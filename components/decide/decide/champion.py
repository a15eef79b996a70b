"""The champion: what the run that made it recorded, and its profile beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pinion_step.champion import ModelVersion
from pinion_step.errors import StepError
from pinion_step.formats.profile import Profile, from_json
from pinion_step.mlflow import answers, ignoring, mask
from pinion_step.tracking.registry import registered

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PROFILE = "profile.json"
_DATASET, _RECIPE = "pinion.dataset", "pinion.recipe"
_ADVICE = "check the store of artifacts, or train once with the policy always"


@dataclass(frozen=True)
class Champion:
    """A champion's profile, None if it was made before there were any, and its recipe."""

    profile: Profile | None = None
    recipe: str = ""


def find_champion(client: "MlflowClient", version: ModelVersion) -> Champion:
    """Return what is known about the champion; raises `StepError` if MLflow does not say it.

    A store that does not answer is never taken for a champion without a profile.
    """
    run_id = registered(client, version, "--champion").run_id
    run = _run(client, run_id) if run_id else None
    if run is None:
        return Champion()
    return Champion(_profile(client, version, run), run.data.tags.get(_RECIPE, ""))


def _run(client: "MlflowClient", run_id: str) -> "Run | None":
    """Return the run; None if it was removed, and its files with it."""
    runs = []
    with (
        answers(client.tracking_uri, f"the run {run_id} of the champion"),
        ignoring(lambda error: error.error_code == "RESOURCE_DOES_NOT_EXIST"),
    ):
        runs.append(client.get_run(run_id))
    return runs[0] if runs else None


def _profile(client: "MlflowClient", version: ModelVersion, run: "Run") -> Profile | None:
    run_id = run.info.run_id
    with _naming(client, version), TemporaryDirectory(prefix="champion-") as folder:
        listed = any(file.path == PROFILE for file in client.list_artifacts(run_id))
        # A store whose folder is gone lists nothing; the tag knows better.
        if not listed and _DATASET not in run.data.tags:
            return None
        # MLflow would draw a progress bar on a terminal.
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        file = Path(client.download_artifacts(run_id, PROFILE, folder))
        return from_json(file.read_text(encoding="utf-8"))


@contextmanager
def _naming(client: "MlflowClient", version: ModelVersion) -> Iterator[None]:
    """Turn an error of the store of artifacts, of which each has its own, into a `StepError`."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        said = mask(str(error))[:400]
        raise StepError(
            f"the profile of the champion {version.uri} cannot be read from MLflow at"
            f" {mask(client.tracking_uri)} ({type(error).__name__}: {said}); {_ADVICE}"
        ) from error
