"""A model reads rows as they stand in a file, also where nothing of ours is installed."""

import json
import subprocess
import sys
from pathlib import Path

import mlflow.pyfunc
import mlflow.sklearn
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from pinion_step.reading.rows import read
from train.conftest import KINDS, Step, customers

READINGS = {
    "age": {"sign": "years"},
    "größe in cm": {"decimal": ",", "markers": ["unknown"]},
    "since": {"date_format": "%d.%m.%Y"},
}
MISSING = ["", "?"]

# The model's own code is used here: this Python does not find ours.
ALONE = """
import json, sys
import mlflow.pyfunc
model = mlflow.pyfunc.load_model(sys.argv[1])
import pandas, pinion_reading
rows = pandas.read_json(sys.stdin, orient="split", dtype=False, convert_dates=False)
print(json.dumps([pinion_reading.__file__, model.predict(rows).tolist()]))
"""


def as_written(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as the source holds them, all of it text."""
    owns = rows["owns"].map({True: "Yes", False: "no"})
    texts = {
        "age": rows["age"].map("{:.0f} years".format),
        "größe in cm": rows["größe in cm"].map(lambda value: f"{value!r}".replace(".", ",")),
        "member": rows["member"].map({True: "t", False: "F"}),
        "owns": owns.where(owns.notna(), "-"),
        "since": rows["since"].dt.strftime("%d.%m.%Y").fillna("?"),
    }
    texts["größe in cm"] = texts["größe in cm"].replace("nan", "unknown")
    return rows.assign(**texts)[list(KINDS)]


@pytest.fixture()
def folder(step: Step) -> Path:
    """Return the folder of a model that was fitted on values which had readings."""
    frame = customers()
    features = [
        {"name": name, "kind": kind, "missing": 0, "reading": READINGS.get(name)}
        for name, kind in KINDS.items()
    ]
    step.write(frame, "price", features=features, missing_markers=MISSING)
    assert step.run("--model", "ridge", "--cv-folds", "2") == 0
    return step.output("trained_model")


def test_raw_rows_get_the_predictions_of_read_ones(folder: Path) -> None:
    rows = customers()[list(KINDS)]
    raw = as_written(rows)
    assert raw.iloc[0, 0].endswith(" years")
    model = mlflow.pyfunc.load_model(str(folder))
    wanted = mlflow.sklearn.load_model(str(folder)).predict(rows)
    assert (model.predict(raw) == wanted).all()
    assert (model.predict(rows) == wanted).all()
    assert (model.get_raw_model().predict(rows) == wanted).all()

    schema = json.loads((folder / "schema.json").read_text())
    assert schema["missing_markers"] == MISSING
    pd.testing.assert_frame_equal(read(raw, schema), rows, check_dtype=False)
    pd.testing.assert_frame_equal(read(rows, schema), rows, check_dtype=False)

    call = [sys.executable, "-I", "-c", ALONE, str(folder)]
    given = raw.to_json(orient="split")
    alone = subprocess.run(call, input=given, capture_output=True, text=True, check=False)
    assert alone.returncode == 0, alone.stderr
    place, predictions = json.loads(alone.stdout.splitlines()[-1])
    assert Path(place).is_relative_to(folder)
    assert predictions == wanted.tolist()

    with pytest.raises(MlflowException) as refused:
        model.predict(raw.assign(age="old"))
    assert refused.value.get_http_status_code() == 400
    assert "column 'age' holds numbers, but 120 of 120 values are not: 'old' in row 0" in str(
        refused.value
    )


def test_a_reading_that_preprocess_did_not_write_is_refused(step: Step) -> None:
    features = [{"name": "age", "kind": "numeric", "reading": {"colour": "red"}}]
    step.write(customers()[["age", "price"]], "price", features=features)
    assert step.run() == 1
