from __future__ import annotations

from pathlib import Path

import pandas as pd

from train.data.dataset import read_dataset
from train.data.schema import Feature, Schema

SCHEMA = Schema(
    "classification",
    "kind",
    "string",
    (Feature("self", "categorical"), Feature("note", "categorical"), Feature("age", "numeric")),
)


def written(folder: Path) -> Path:
    frame = pd.DataFrame(
        {
            "self": pd.Series(["Rome", None, "Oslo", "Rome"] * 10, dtype="str"),
            "note": pd.Series([f"note {n}" for n in range(40)], dtype="str"),
            "age": [float(n) for n in range(40)],
            "kind": ["a", "b"] * 20,
        }
    )
    frame.to_parquet(folder / "train.parquet")
    return folder / "train.parquet"


def test_few_texts_are_kept_once_each(tmp_path: Path) -> None:
    features = read_dataset(written(tmp_path), SCHEMA).features
    city = features["self"].to_numpy(dtype=object)
    assert city[0] is city[3] is city[-1]
    assert list(city[[0, 2]]) == ["Rome", "Oslo"]
    assert features["self"].isna().sum() == 10
    assert pd.isna(city[1])
    assert features["self"].dtype == "str"


def test_many_texts_stay_as_they_are(tmp_path: Path) -> None:
    note = read_dataset(written(tmp_path), SCHEMA).features["note"]
    assert note.dtype == pd.StringDtype("pyarrow", na_value=float("nan"))
    assert note.iloc[39] == "note 39"


def test_columns_are_in_the_order_of_the_schema(tmp_path: Path) -> None:
    assert list(read_dataset(written(tmp_path), SCHEMA).features) == ["self", "note", "age"]
