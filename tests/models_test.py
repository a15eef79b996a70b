"""What the models of tables are worth, and that MLflow's scoring server answers with them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_servers import serving
from tests.modelling import MODEL, Modelling, metrics, modelling

TABLES = Path(__file__).with_name("tables")

pytestmark = pytest.mark.slow(reason="trains, and starts servers of the full MLflow")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Modelling]:
    """Return the steps, loaded once for all tables."""
    with modelling(tmp_path_factory.mktemp("models")) as loaded:
        yield loaded


@pytest.mark.parametrize(
    ("source", "given", "expected"),
    [
        pytest.param(
            "decimal-comma/features.csv",
            {"target": "label", "decimal": ","},
            {"roc_auc": 0.97},
            id="decimal commas",
        ),
        pytest.param(
            "repeated-rows/survey.csv",
            {"target": "survived"},
            {"accuracy": 0.78, "roc_auc": 0.77},
            id="a survey",
        ),
        pytest.param(
            "repeated-rows/counts.csv",
            {"target": "y", "task": "regression"},
            {"r2": 0.94},
            id="counts",
        ),
    ],
)
def test_a_model_is_as_good_as_that_of_the_plain_table(
    steps: Modelling, source: str, given: dict[str, str], expected: dict[str, float]
) -> None:
    found = metrics(steps.model(source=TABLES / source, **given))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.045)


# The whole run with the rarer class, which needs no parameter, is in positive_class_test.py.
def test_the_class_that_must_be_found_can_be_chosen(steps: Modelling) -> None:
    folder = steps.model(
        source=TABLES / "positive-class" / "cardiac.csv",
        target="diagnosis",
        thresholds='{"recall": 0.9}',
        positive_class="NonCardiac",
    )

    result = json.loads((folder / "evaluate" / "result").read_text())
    assert result["passed"] is True
    assert result["positive_class"] == "NonCardiac"
    assert result["metrics"]["recall"] == pytest.approx(0.9794, abs=1e-4)
    assert result["metrics"]["accuracy"] == pytest.approx(0.9522, abs=1e-4)


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


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            {"source": "sample:breast_cancer", "target": "diagnosis"}, id="classification"
        ),
        pytest.param(
            {"source": "sample:diabetes", "target": "progression", "model": "ridge"},
            id="regression",
        ),
    ],
)
def test_the_model_answers_its_logged_example(
    steps: Modelling, tmp_path: Path, given: dict[str, str]
) -> None:
    model = steps.model("train", **given) / MODEL
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
    if given["target"] == "progression":
        assert all(isinstance(value, float) and 25 <= value <= 346 for value in predictions)
    else:
        assert set(map(str, predictions)) <= {"malignant", "benign"}
