from __future__ import annotations

import subprocess
import sys

import pytest

from train.__main__ import build_parser
from train.conftest import Step, customers
from train.models import MODELS, Family, Model, known_models

LASSO = Model("sklearn.linear_model.Lasso", Family.LINEAR, {"alpha": 0.5}, {"alpha": [0.1, 1.0]})


def test_a_line_in_the_table_is_all_that_a_model_needs(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, ("regression", "lasso"), LASSO)

    assert "regression: ridge, random_forest, hist_gradient_boosting, lasso" in known_models()
    assert known_models() in " ".join(build_parser().format_help().split())
    step.write(customers(), "price")
    assert step.run("--model", "lasso") == 0
    assert step.metrics()["cv_rmse_mean"] > 0
    assert step.run("--model", "lasso", "--search", '{"trials": 2}') == 0


def test_the_table_loads_no_library() -> None:
    code = "import sys, train.models; print(*(set(sys.modules) & {'sklearn', 'pandas', 'numpy'}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
