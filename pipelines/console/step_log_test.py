"""Read logs as steps write them."""

from pathlib import Path

import pytest

from pipelines.console.step_log import last_progress, last_words

BEGIN = "train: ridge on 120 rows, 7 features, 5 folds\n"
FOLD = "train: progress: fold 3 of 5, about 12 s left\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("train: error: no target\n", "no target", id="its own"),
        pytest.param(BEGIN + FOLD + "train: error: no target\n", "no target", id="after progress"),
        pytest.param("Killed\n" + FOLD, "Killed", id="before progress"),
        pytest.param(FOLD + "\n", "it printed nothing", id="progress alone"),
        pytest.param("", "it printed nothing", id="nothing"),
    ],
)
def test_progress_is_never_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    log = tmp_path / "train.log"
    log.write_text(text)
    assert last_words(log) == reason


@pytest.mark.parametrize(
    ("text", "progress"),
    [
        pytest.param(BEGIN, "", id="none"),
        pytest.param(BEGIN + FOLD, "fold 3 of 5, about 12 s left", id="the last line"),
        pytest.param(
            FOLD + "train: progress: fold 4 of 5, about 6 s left\ntrain: warning: few rows\n",
            "fold 4 of 5, about 6 s left",
            id="the latest, before another line",
        ),
        pytest.param(FOLD + "train: error: no server\n" + BEGIN, "", id="of an earlier attempt"),
        pytest.param("é" * 9000 + "\n" + FOLD, "fold 3 of 5, about 12 s left", id="a long log"),
        pytest.param(FOLD + "é" * 9000 + "\n", "", id="far up in a long log"),
        pytest.param("no progress: none\nin progress: no\n", "", id="other words"),
    ],
)
def test_progress_is_the_latest_of_this_attempt(tmp_path: Path, text: str, progress: str) -> None:
    log = tmp_path / "train.log"
    log.write_text(text)
    assert last_progress(log) == progress


def test_a_missing_log_has_no_progress(tmp_path: Path) -> None:
    assert last_progress(tmp_path / "train.log") == ""
