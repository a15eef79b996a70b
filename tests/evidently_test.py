"""The measures of decide, held to those of evidently on the raw values."""

import json
import os
import subprocess

import pytest

from pipelines.system.workspace import ROOT
from tests.programs import server

pytestmark = pytest.mark.slow(reason="installs evidently and what it needs, 700 MB")

# Both in one process, on the same values; a profile is made as preprocess makes it.
BOTH = """
import json

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.jensenshannon import _jensenshannon
from evidently.legacy.calculations.stattests.psi import _psi
from evidently.legacy.calculations.stattests.wasserstein_distance_norm import (
    _wasserstein_distance_norm,
)
from evidently.legacy.core import ColumnType

from decide.drift.classes import classes
from decide.drift.measures import jensen_shannon, psi, wasserstein
from pinion_step.formats.profile import Category, Measure

rng = np.random.default_rng(4)


def measure(values):
    quantiles = tuple(np.quantile(values, np.linspace(0, 1, 201)))
    return Measure("number", len(values), 0, values.mean(), values.std(), quantiles)


def category(values):
    counts = values.value_counts().to_dict()
    return Category("category", len(values), 0, len(counts), counts, 0)


found = {}
for name, before, now in (
    ("shifted", rng.normal(0, 1, 4000), rng.normal(0.4, 1.3, 900)),
    ("skewed", rng.lognormal(0, 1, 4000), rng.lognormal(0.2, 1, 3000)),
    ("equal", rng.uniform(3, 4, 2000), rng.uniform(3, 4, 2000)),
):
    theirs, _ = _wasserstein_distance_norm(
        pd.Series(before), pd.Series(now), ColumnType.Numerical, 0.1
    )
    found[f"wasserstein of {name}"] = (wasserstein(measure(before), measure(now)), theirs)
for name, before, now in (
    ("moved", "a" * 70 + "b" * 20 + "c" * 10, "a" * 35 + "b" * 50 + "c" * 15),
    ("new", "a" * 60 + "b" * 40, "a" * 50 + "b" * 30 + "c" * 20),
    ("gone", "a" * 60 + "b" * 30 + "c" * 10, "a" * 60 + "b" * 40),
):
    first, second = pd.Series(list(before)), pd.Series(list(now))
    shares = classes(category(first), category(second)).shares
    for measured, ours, compute in (("psi", psi, _psi), ("js", jensen_shannon, _jensenshannon)):
        theirs, _ = compute(first, second, ColumnType.Categorical, 0.1)
        found[f"{measured} of {name}"] = (float(ours(*shares)), float(theirs))
print(json.dumps(found))
"""


def test_the_measures_are_those_of_evidently() -> None:
    path = os.pathsep.join([str(ROOT / "components/decide"), str(ROOT / "libraries/pinion_step")])
    done = subprocess.run(
        [server("evidently").python, "-c", BOTH],
        env={"PYTHONPATH": path, "HOME": os.environ["HOME"], "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == 9
    for name, (ours, theirs) in found.items():
        # A profile has 201 quantiles of a column, and all shares of up to 100 categories.
        tolerance = 0.01 if name.startswith("wasserstein") else 1e-9
        assert ours == pytest.approx(theirs, abs=tolerance), name
