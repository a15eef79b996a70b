"""The pipeline with a real MLflow server, and its model in MLflow's scoring server."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.local_servers import serving, tracking_server
from tests.running import params, run

pytestmark = pytest.mark.slow(reason="starts servers of the full MLflow")


def post(address: str, body: bytes) -> dict[str, list[object]]:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: dict[str, list[object]] = json.load(answer)
    return content


def in_text(example: bytes) -> bytes:
    """Return rows whose numbers are text, as they stand in a CSV file."""
    document = json.loads(example)
    split = document["dataframe_split"]
    split["data"] = [[f" {value}" for value in row] for row in split["data"]]
    return json.dumps(document).encode()


def test_a_run_with_a_tracking_server(tmp_path: Path) -> None:
    with tracking_server(tmp_path) as uri:
        given = params(mlflow_tracking_uri=uri, registered_model_name="served", seed=5)
        given += params(model="logistic_regression")
        finished = run(tmp_path / "runs", "--register", *given)
        assert finished.code == 0, finished.stderr
        again = run(tmp_path / "runs", "--register", *given)
        client = MlflowClient(uri)
        champion = client.get_model_version_by_alias("served", "champion")
        record = client.get_run(str(champion.run_id))
        versions = client.search_model_versions("name='served'")
    assert [str(version.version) for version in versions] == ["1"]
    assert again.stderr.count(": cached (from run ") == 4, again.stderr
    assert record.data.params["seed"] == "5"
    assert list((tmp_path / "kept").rglob("MLmodel")), "the model was not stored by the server"
    assert list((tmp_path / "runs").rglob("mlruns")) == []


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="classification"),
        pytest.param(
            {"source": "sample:diabetes", "target": "progression", "model": "ridge"},
            id="regression",
        ),
    ],
)
def test_the_model_answers_its_logged_example(tmp_path: Path, given: dict[str, str]) -> None:
    finished = run(tmp_path / "runs", "--register", *params(**given))
    assert finished.code == 0, finished.stderr
    model = finished.folder / "train" / "trained_model"
    example = (model / "serving_input_example.json").read_bytes()
    serve = ["models", "serve", "-m", str(model), "--env-manager", "local"]
    with serving(tmp_path, *serve) as uri:
        predictions = post(f"{uri}/invocations", example)["predictions"]
        read_by_the_model = post(f"{uri}/invocations", in_text(example))["predictions"]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(f"{uri}/invocations", b'{"dataframe_split": {"columns": ["x"], "data": [[1]]}}')
    assert read_by_the_model == predictions
    rows = json.loads(example)["dataframe_split"]["data"]
    assert len(predictions) == len(rows) > 0
    if given:
        assert all(isinstance(value, float) and 25 <= value <= 346 for value in predictions)
    else:
        assert set(map(str, predictions)) <= {"malignant", "benign"}
