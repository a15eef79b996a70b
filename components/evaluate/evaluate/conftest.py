"""Real models in a real MLflow store, made once for all tests."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import LinearSVC

from evaluate.__main__ import main

TRUSTED = ["numpy.asarray", "numpy.dtype", "sklearn.tree._tree.Tree"]
TREE_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"


@dataclass(frozen=True)
class Example:
    """A logged model's folder, a test split for it, and where it was logged."""

    folder: Path
    test_data: Path
    uri: str
    run_id: str
    model_id: str


@dataclass(frozen=True)
class Store:
    """An MLflow store to log models to."""

    root: Path
    client: MlflowClient
    uri: str
    made: list[str] = field(default_factory=list)

    def log(
        self, estimator: BaseEstimator, target: str, task: str, test: pd.DataFrame, **more: object
    ) -> Example:
        """Log a fitted estimator as train does; `more` is further metadata of the model."""
        folder = self.root / f"model-{len(self.made)}"
        self.made.append(task)
        mlflow.set_tracking_uri(self.uri)
        with mlflow.start_run(experiment_id=self.experiment) as run:
            info = mlflow.sklearn.log_model(
                estimator,
                name="model",
                serialization_format="skops",
                skops_trusted_types=[*TRUSTED, TREE_PREDICTOR],
                pip_requirements=["scikit-learn"],
                metadata={"target": target, "task": task, **more},
            )
        shutil.copytree(mlflow.artifacts.download_artifacts(info.model_uri), folder)
        data = self.root / f"test-{len(self.made)}"
        test.to_parquet(data, index=False)
        return Example(folder, data, self.uri, run.info.run_id, info.model_id)

    def register(self, example: Example, name: str, alias: str = "champion") -> int:
        """Register a logged model as the next version, and move the alias to it."""
        with suppress(MlflowException):
            self.client.create_registered_model(name)
        version = self.client.create_model_version(name, f"models:/{example.model_id}")
        self.client.set_registered_model_alias(name, alias, version.version)
        return int(version.version)

    @property
    def experiment(self) -> str:
        """The experiment of all test runs."""
        found = self.client.get_experiment_by_name("tests")
        location = (self.root / "artifacts").as_uri()
        return found.experiment_id if found else self.client.create_experiment("tests", location)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{root}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    return Store(root, MlflowClient(), uri)


def people(rows: int = 60, seed: int = 7) -> pd.DataFrame:
    """Return a table with every kind of column, names as people write them, and missing values."""
    rng = np.random.default_rng(seed)
    age = rng.integers(17, 90, rows).astype("float64")
    frame = pd.DataFrame(
        {
            "age": age,
            "größe cm": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(170, 10, rows)),
            "work class": rng.choice(["private", "state", "self"], rows),
            "member": rng.choice([True, False], rows),
            "since": pd.Timestamp("2020-01-31") + pd.to_timedelta(age, unit="D"),
            "income class": np.where(age > 40, ">50K", "<=50K"),
        }
    )
    frame["since"] = frame["since"].astype("datetime64[ms]")
    return frame.astype({"work class": "str", "income class": "str"})


def mixed_pipeline(estimator: BaseEstimator) -> BaseEstimator:
    """Return a pipeline shaped like train's: columns by name, dates turned into numbers."""
    to_seconds = FunctionTransformer(np.asarray, kw_args={"dtype": np.dtype("datetime64[s]")})
    to_number = FunctionTransformer(np.asarray, kw_args={"dtype": np.dtype("float64")})
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    columns = ColumnTransformer(
        [
            ("number", "passthrough", ["age", "größe cm", "member"]),
            ("category", encoder, ["work class"]),
            ("date", make_pipeline(to_seconds, to_number), ["since"]),
        ]
    )
    return make_pipeline(columns, estimator)


@pytest.fixture(scope="session")
def income(store: Store) -> Example:
    """Gradient boosting on a mixed table; learns the rule age > 40, so its accuracy is 1."""
    train = people(rows=200, seed=3)
    model = mixed_pipeline(HistGradientBoostingClassifier(max_iter=30, random_state=0))
    model.fit(train.drop(columns="income class"), train["income class"])
    return store.log(model, "income class", "classification", people())


@pytest.fixture(scope="session")
def forest(store: Store) -> Example:
    """Return a weak forest of many threads, whose probabilities depend on the order of threads."""
    train = people(rows=200, seed=3).fillna(0.0)
    rng = np.random.default_rng(0)
    model = mixed_pipeline(RandomForestClassifier(60, n_jobs=4, random_state=0))
    model.fit(train.drop(columns="income class"), rng.permutation(train["income class"]))
    return store.log(model, "income class", "classification", people(rows=500).fillna(0.0))


@pytest.fixture(scope="session")
def skilled(store: Store) -> Example:
    """Gradient boosting that has learnt the rule, on the rows of the forest."""
    train = people(rows=200, seed=3).fillna(0.0)
    model = mixed_pipeline(HistGradientBoostingClassifier(max_iter=30, random_state=0))
    model.fit(train.drop(columns="income class"), train["income class"])
    return store.log(model, "income class", "classification", people(rows=500).fillna(0.0))


@pytest.fixture(scope="session")
def line(store: Store) -> Example:
    """Return the line y = 2 x, with test rows that miss it by 0, 1, -1 and 4."""
    model = LinearRegression().fit(pd.DataFrame({"x": [0.0, 1.0]}), [0.0, 2.0])
    test = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [0.0, 3.0, 3.0, 10.0]})
    return store.log(model, "y", "regression", test)


@pytest.fixture(scope="session")
def margins(store: Store) -> Example:
    """Return a support vector machine, which has no probabilities."""
    train = pd.DataFrame({"x": [0.0, 1.0, 2.0, 10.0, 11.0, 12.0], "y": [3, 3, 3, 8, 8, 8]})
    model = LinearSVC(random_state=0).fit(train[["x"]], train["y"])
    return store.log(model, "y", "classification", train)


@pytest.fixture(scope="session")
def three_classes(store: Store) -> Example:
    """Return a logistic regression on three well separated classes."""
    train = pd.DataFrame({"x": [0.0, 1.0, 10.0, 11.0, 20.0, 21.0], "y": [1, 1, 5, 5, 9, 9]})
    model = LogisticRegression(max_iter=5000).fit(train[["x"]], train["y"])
    return store.log(model, "y", "classification", train)


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left behind."""

    exit_code: int
    stdout: str
    stderr: str
    result: Path
    metrics: Path
    report: Path
    report_data: Path


Run = Callable[..., Outcome]


@pytest.fixture()
def evaluate_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the step on an example; keyword arguments replace or add flags."""
    out = tmp_path / "out"

    def run(example: Example, **flags: object) -> Outcome:
        given = {
            "model": example.folder,
            "test_data": example.test_data,
            "mlflow_tracking_uri": example.uri,
            "result": out / "result",
            "test_metrics": out / "test_metrics",
            "report": out / "report",
            "report_data": out / "report_data",
        } | flags
        argv = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        exit_code = main(argv)
        captured = capsys.readouterr()
        paths = (out / name for name in ("result", "test_metrics", "report", "report_data"))
        return Outcome(exit_code, captured.out, captured.err, *paths)

    return run
