from pathlib import Path

import pandas as pd
import pytest

from pinion_step.errors import StepError
from pinion_step.parquet import read_frame, read_metadata


def test_a_file_is_read_with_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a=b"
    pd.DataFrame({"age": [1.5, None, 3.0], "city": ["Bonn", "", "Köln"]}).to_parquet(path)

    frame, metadata = read_frame(path, "--data", "give another")

    assert list(frame.columns) == ["age", "city"]
    assert frame["city"].tolist() == ["Bonn", "", "Köln"]
    assert b"pandas" in metadata
    found = read_metadata(path)
    assert found is not None
    assert found.num_rows == 3


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", None], ids=["empty", "csv", "a folder"])
def test_what_is_not_parquet_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "table"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    assert read_metadata(path) is None
    with pytest.raises(StepError, match=f"^--data {path} is not a Parquet file .* give another$"):
        read_frame(path, "--data", "give another")
