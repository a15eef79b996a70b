from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LinearRegression

from evaluate.inputs.dataset import read_test_split
from pinion_step.errors import StepError

TABLE = pd.DataFrame({"b": [1.0, 2.0], "a": [30.0, 40.0], "y": [5, 6], "extra": [0, 0]})


@pytest.fixture(scope="module")
def estimator() -> LinearRegression:
    return LinearRegression().fit(TABLE[["a", "b"]], TABLE["y"])


def write(path: Path, frame: pd.DataFrame, metadata: Mapping[str, str] | None = None) -> Path:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_gives_the_features_in_the_models_order(
    tmp_path: Path, estimator: LinearRegression
) -> None:
    split = read_test_split(
        write(tmp_path / "test", TABLE, {"pinion.split": "test"}), "y", estimator
    )

    assert list(split.features.columns) == ["a", "b"]
    assert split.features["a"].tolist() == [30.0, 40.0]
    assert split.target.tolist() == [5, 6]


def test_an_estimator_without_names_gets_every_column_but_the_target(tmp_path: Path) -> None:
    nameless = LinearRegression().fit([[1.0, 2.0, 3.0]], [4.0])

    split = read_test_split(write(tmp_path / "test", TABLE), "y", nameless)

    assert list(split.features.columns) == ["b", "a", "extra"]


@pytest.mark.parametrize(
    ("frame", "metadata", "complaint"),
    [
        pytest.param(
            TABLE.drop(columns="a"),
            {},
            "lacks columns that the model was trained on: 'a';",
            id="column",
        ),
        pytest.param(
            TABLE.drop(columns="y"),
            {},
            "no target column 'y'; its columns are 'b', 'a', 'extra'",
            id="target",
        ),
        pytest.param(TABLE.assign(y=[None, 6]), {}, "has missing values", id="missing labels"),
        pytest.param(TABLE.head(0), {}, "has no rows", id="no rows"),
        pytest.param(TABLE, {"pinion.split": "train"}, "is a train split", id="train split"),
    ],
)
def test_refuses_other_data(
    tmp_path: Path,
    estimator: LinearRegression,
    frame: pd.DataFrame,
    metadata: Mapping[str, str],
    complaint: str,
) -> None:
    with pytest.raises(StepError, match=complaint):
        read_test_split(write(tmp_path / "test", frame, metadata), "y", estimator)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"a,b,y\n1,2,3\n", id="CSV"),
        pytest.param(b"PAR1" + b"\0" * 100 + b"PAR1", id="damaged"),
    ],
)
def test_refuses_what_is_no_parquet(
    tmp_path: Path, estimator: LinearRegression, content: bytes
) -> None:
    (tmp_path / "test").write_bytes(content)

    with pytest.raises(StepError, match="is not a Parquet file that can be read"):
        read_test_split(tmp_path / "test", "y", estimator)


def test_refuses_two_columns_of_one_name(tmp_path: Path, estimator: LinearRegression) -> None:
    table = pa.table([[1.0], [2.0], [3.0], [4.0]], names=["a", "b", "y", "y"])
    pq.write_table(table, tmp_path / "test")

    with pytest.raises(StepError, match="two columns of the same name"):
        read_test_split(tmp_path / "test", "y", estimator)
