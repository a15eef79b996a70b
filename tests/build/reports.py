"""Make reports of real models with the packaged step, one of each kind."""

from pathlib import Path

from pipelines.runner.process.programs import installed
from pipelines.system.workspace import Workspace
from tests.build.tree import ROOT, call

KINDS = ("binary", "multiclass", "regression")

# Runs in evaluate's own environment, which has the libraries of a model. The data contains the
# worst cases: markup, a long name, a long name of one word.
_MAKE = """
import shutil, sys
from pathlib import Path

import mlflow, mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

from evaluate.__main__ import main

ODD = "<script>alert(1)</script> & " + "W" * 120
root = Path(sys.argv[1])
uri = f"sqlite:///{root}/mlflow.db"
mlflow.set_tracking_uri(uri)
experiment = mlflow.create_experiment("reports", (root / "artifacts").as_uri())
rng = np.random.default_rng(0)
frame = pd.DataFrame(rng.normal(size=(900, 3)), columns=["height", ODD, "w" * 60])
score = frame["height"] + 0.7 * frame[ODD] + rng.normal(scale=0.5, size=900)
labels = np.array(["rare", "<b>often</b>", "Ünïcode, a class with a long name"])
targets = {
    "binary": (score > 0.4).map({True: labels[0], False: labels[1]}),
    "multiclass": pd.Series(labels[np.digitize(score, [-0.5, 1.2])]),
    "regression": 25_000 * score,
}
limits = {
    "binary": '{"accuracy": {"min_absolute_change": 0, "confidence": 0.95}, "roc_auc": 0.9999}',
    "multiclass": '{"recall": 0.5, "made_up": 1}',
    "regression": '{"rmse": {"threshold": 1, "greater_is_better": false}}',
}


def log(kind, target, noise):
    estimator = LinearRegression() if kind == "regression" else LogisticRegression()
    estimator.fit(frame + rng.normal(scale=noise, size=frame.shape), target)
    task = "regression" if kind == "regression" else "classification"
    with mlflow.start_run(experiment_id=experiment):
        mlflow.log_params({"seed": 7, "estimator.C": ODD})
        return mlflow.sklearn.log_model(
            estimator, name="model", serialization_format="skops",
            skops_trusted_types=["numpy.asarray", "numpy.dtype"],
            pip_requirements=["scikit-learn"], metadata={"target": "target", "task": task},
        )


for kind, target in targets.items():
    client = mlflow.MlflowClient()
    client.create_registered_model(kind)
    champion = log(kind, target, noise=3.0)
    version = client.create_model_version(kind, champion.model_uri).version
    client.set_registered_model_alias(kind, "champion", version)
    model = mlflow.artifacts.download_artifacts(
        log(kind, target, noise=0.0).model_uri, dst_path=str(root / f"{kind}-model")
    )
    data = root / f"{kind}.parquet"
    frame.assign(target=target).to_parquet(data, index=False)
    outputs = {name: root / f"{kind}-{name}" for name in ("result", "test-metrics", "report-data")}
    flags = {
        **outputs, "report": root / f"{kind}.html", "model": model, "test-data": data,
        "slices": f'["height", "{"w" * 60}"]', "thresholds": limits[kind],
        "compare-with": f"{kind}/{version}", "mlflow-tracking-uri": uri,
    }
    assert main([f"--{name}={value}" for name, value in flags.items()]) == 0
"""


def make_reports(folder: Path) -> dict[str, Path]:
    """Return the page of each kind, made by evaluate of the working tree."""
    evaluate = installed(Workspace(ROOT), "evaluate")
    python = evaluate.environment.python
    pages = folder / "pages"
    pages.mkdir()
    pins = {"PINION_RELEASE": "1.4.0", "PINION_COMPONENTS": f"train=0.1.0@sha256:{'0a' * 32}"}
    done = call(pages, python, "-c", _MAKE, pages, PYTHONPATH=str(evaluate.app), **pins)
    assert done.returncode == 0, done.stderr
    return {kind: pages / f"{kind}.html" for kind in KINDS}
