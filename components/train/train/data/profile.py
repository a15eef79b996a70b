"""The profile of the data, which stays with the model, so that later data can be compared."""

from __future__ import annotations

from pathlib import Path

from pinion_step.errors import StepError
from pinion_step.formats.profile import Profile, read_profile
from train.data.dataset import Dataset
from train.data.schema import Schema


def read_profile_of(path: Path, schema: Schema, data: Dataset) -> Profile:
    """Read a profile; raises `StepError` if it is not that of the training split."""
    profile = read_profile(path, "--profile")
    # The splits of files that pull_data did not write do not say which data they are of.
    pairs = {
        "target": (profile.target, schema.target),
        "task": (profile.task, schema.task),
        "dataset": (profile.dataset, data.sha256 or profile.dataset),
    }
    for name, (given, expected) in pairs.items():
        if given != expected:
            raise StepError(
                f"--profile {path}: {name} is {given!r}, but {expected!r} in the training split and"
                " its schema; give the profile that the same run of preprocess wrote"
            )
    return profile
