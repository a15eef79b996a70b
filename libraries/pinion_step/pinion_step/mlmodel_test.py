import re
from pathlib import Path

import pytest

from pinion_step.errors import StepError
from pinion_step.mlmodel import identifier, read_mlmodel


def ids(folder: Path) -> list[str]:
    document = read_mlmodel(folder)
    return [identifier(folder, document, key) for key in ("model_id", "run_id")]


def test_reads_the_ids(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("run_id: 0f\nmodel_id: m-1\nflavors: {}\n")

    assert ids(tmp_path) == ["m-1", "0f"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"a: [", "not valid YAML", id="broken YAML"),
        pytest.param(b"\xff\xfe\x00", "not valid YAML", id="binary"),
        pytest.param(b"", "it has no keys", id="empty"),
        pytest.param(b"run_id: r", "no usable model_id (None)", id="a model of no store"),
        pytest.param(b"model_id: m-1", "no usable run_id (None)", id="a model of no run"),
        pytest.param(b"model_id: m-1\nrun_id: 7", "no usable run_id (7)", id="no text"),
        pytest.param(b"model_id: m'1\nrun_id: r", 'no usable model_id ("m\'1")', id="a quote"),
    ],
)
def test_refuses_a_file_that_names_no_logged_model(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    (tmp_path / "MLmodel").write_bytes(content)

    with pytest.raises(StepError, match=re.escape(complaint)):
        ids(tmp_path)


def test_refuses_a_folder_without_mlmodel(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="not an MLflow model folder"):
        read_mlmodel(tmp_path / "nowhere")
