from pathlib import Path

import pytest

from pinion_step.errors import StepError
from register.model import ModelFolder, read_model_folder, version_tags


def test_reads_the_ids(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("run_id: 0f\nmodel_id: m-1\nflavors: {}\n")

    model = read_model_folder(tmp_path)

    assert model == ModelFolder(model_id="m-1", run_id="0f")
    assert model.uri == "models:/m-1"


MODEL = ModelFolder("m-1", "r2")


def test_the_tags_tell_where_a_version_comes_from() -> None:
    tags = version_tags(
        MODEL,
        {"pinion.dataset.sha256": "abc", "pinion.dataset.source": "wine.csv", "mlflow.user": "x"},
        {
            "PINION_RELEASE": "2026.11",
            "PINION_COMPONENTS": f"train=1.2.0@sha256:{'ab' * 32},pull_data=0.1.0",
            "PINION_PIPELINE_RUN": "nightly-7",
        },
        "new_data",
    )

    assert tags == {
        "pinion.model_id": "m-1",
        "pinion.run_id": "r2",
        "pinion.evaluation": "passed",
        "pinion.why": "new_data",
        "pinion.release": "2026.11",
        "pinion.component.train": f"1.2.0@sha256:{'ab' * 32}",
        "pinion.pipeline_run": "nightly-7",
        "pinion.component.pull_data": "0.1.0",
        "pinion.dataset.sha256": "abc",
        "pinion.dataset.source": "wine.csv",
    }


def test_by_hand_there_is_no_release() -> None:
    assert version_tags(MODEL, {}, {}, "") == {
        "pinion.model_id": "m-1",
        "pinion.run_id": "r2",
        "pinion.evaluation": "passed",
    }


@pytest.mark.parametrize("pairs", ["train", "train=", "=1.0", "train=1.0,evaluate"])
def test_refuses_malformed_components(pairs: str) -> None:
    with pytest.raises(StepError, match="PINION_COMPONENTS") as refused:
        version_tags(MODEL, {}, {"PINION_COMPONENTS": pairs}, "")

    assert refused.value.exit_code == 1
