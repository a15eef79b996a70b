from hashlib import sha256 as hash_of
from pathlib import Path

import pytest

from pinion_step.errors import StepError
from pinion_step.lineage import release_tags, sha256


def test_the_tags_name_the_release_and_its_components() -> None:
    tags = release_tags(
        {
            "PINION_RELEASE": "2026.11",
            "PINION_COMPONENTS": f"train=1.2.0@sha256:{'ab' * 32}, pull_data=0.1.0,",
            "PINION_PIPELINE_RUN": "nightly-7",
        }
    )

    assert tags == {
        "pinion.release": "2026.11",
        "pinion.pipeline_run": "nightly-7",
        "pinion.component.train": f"1.2.0@sha256:{'ab' * 32}",
        "pinion.component.pull_data": "0.1.0",
    }


def test_by_hand_there_is_no_release() -> None:
    assert release_tags({"PINION_RELEASE": ""}) == {}


@pytest.mark.parametrize("pairs", ["train", "train=", "=1.0", "train=1.0,evaluate"])
def test_refuses_malformed_components(pairs: str) -> None:
    with pytest.raises(StepError, match="PINION_COMPONENTS") as refused:
        release_tags({"PINION_COMPONENTS": pairs})

    assert refused.value.exit_code == 1


def test_a_file_has_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"rows")

    assert sha256(tmp_path / "file") == hash_of(b"rows").hexdigest()
