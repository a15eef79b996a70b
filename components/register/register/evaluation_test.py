import json
from pathlib import Path
from typing import Any

import pytest

from pinion_step.errors import StepError
from register.evaluation import read_evaluation, require_passed
from register.model import ModelFolder

MODEL = ModelFolder(model_id="m-1", run_id="r2")
CHECK = {
    "metric": "accuracy",
    "value": 0.956,
    "threshold": 0.97,
    "greater_is_better": True,
    "passed": False,
}
FAILED: dict[str, Any] = {"passed": False, "model_id": "m-1", "run_id": "r2", "checks": [CHECK]}


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("checks", "reason"),
    [
        pytest.param([CHECK], "accuracy is 0.956, must be >= 0.97", id="a minimum"),
        pytest.param(
            [CHECK | {"metric": "rmse", "value": 3, "threshold": 2.5, "greater_is_better": False}],
            "rmse is 3, must be <= 2.5",
            id="a maximum",
        ),
        pytest.param(
            [CHECK | {"value": None}], "accuracy was not computed, must be >= 0.97", id="no value"
        ),
        pytest.param(
            [CHECK | {"baseline": True}],
            "accuracy is 0.956, must be > 0.97 (baseline)",
            id="the baseline",
        ),
        pytest.param(
            [CHECK, CHECK | {"metric": "f1", "passed": True}, CHECK | {"metric": "recall"}],
            "accuracy is 0.956, must be >= 0.97; recall is 0.956, must be >= 0.97",
            id="all that failed and no other",
        ),
        pytest.param(
            [CHECK | {"champion": 0.97, "reason": "the confidence in it is 0.5"}],
            "accuracy is 0.956, must be >= 0.97 (the confidence in it is 0.5)",
            id="a doubt",
        ),
        pytest.param(
            [CHECK | {"threshold": None, "champion": None, "reason": "its target is 'x'"}],
            "accuracy could not be held against the champion (its target is 'x')",
            id="a champion that cannot be compared with",
        ),
        pytest.param([], "no reason given", id="none"),
    ],
)
def test_a_failed_evaluation_is_refused_with_its_reasons(
    tmp_path: Path, checks: list[object], reason: str
) -> None:
    path = write(tmp_path / "result", FAILED | {"checks": checks})

    with pytest.raises(StepError) as refused:
        require_passed(path, read_evaluation(path), MODEL)

    assert str(refused.value) == f"the model m-1 did not pass its evaluation: {reason}"


def test_the_first_model_passes_without_a_champion(tmp_path: Path) -> None:
    first = CHECK | {"passed": True, "threshold": None, "note": "there is no champion"}
    path = write(tmp_path / "result", FAILED | {"passed": True, "checks": [first]})

    result = read_evaluation(path)
    require_passed(path, result, MODEL)
    assert result.why == "accuracy is 0.956, and there was no champion"


@pytest.mark.parametrize(
    "other",
    [pytest.param({"model_id": "m-9"}, id="model"), pytest.param({"run_id": "r9"}, id="run")],
)
def test_the_evaluation_of_another_is_refused(tmp_path: Path, other: dict[str, str]) -> None:
    path = write(tmp_path / "result", FAILED | other)

    with pytest.raises(StepError, match="is of the model m-. of run r., not of m-1 of run r2"):
        require_passed(path, read_evaluation(path), MODEL)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="a list"),
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param(FAILED | {"passed": "true"}, id="passed as text"),
        pytest.param(FAILED | {"model_id": None}, id="no model"),
        pytest.param(FAILED | {"checks": None}, id="no checks"),
        pytest.param(FAILED | {"checks": ["accuracy"]}, id="a check as text"),
        pytest.param(FAILED | {"checks": [{"metric": "f1"}]}, id="a check without value"),
        pytest.param(FAILED | {"checks": [CHECK | {"value": "0.9"}]}, id="a value as text"),
    ],
)
def test_refuses_what_is_no_evaluation_result(tmp_path: Path, document: object) -> None:
    with pytest.raises(StepError, match="is not an evaluation result"):
        read_evaluation(write(tmp_path / "result", document))


def test_refuses_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "result").write_bytes(b"\x80PAR1")

    with pytest.raises(StepError, match="is not an evaluation result"):
        read_evaluation(tmp_path / "result")


@pytest.mark.parametrize(
    ("checks", "complaint"),
    [
        pytest.param([CHECK], "it passed, but a check failed", id="a failed check"),
        pytest.param([], "it passed, but has no check", id="no check"),
    ],
)
def test_refuses_one_that_contradicts_itself(
    tmp_path: Path, checks: list[object], complaint: str
) -> None:
    with pytest.raises(StepError, match=f"contradicts itself: {complaint}"):
        read_evaluation(write(tmp_path / "result", FAILED | {"passed": True, "checks": checks}))


def test_a_check_and_a_metric_name_their_class(tmp_path: Path) -> None:
    document = FAILED | {
        "checks": [CHECK | {"metric": "recall"}, CHECK | {"metric": "roc_auc"}],
        "metrics": {"recall": 0.956, "roc_auc": 0.75},
        "shown_as": {"recall": 'recall of "Cardiac"'},
    }
    result = read_evaluation(write(tmp_path / "result", document))

    assert result.why == (
        'recall of "Cardiac" is 0.956, must be >= 0.97; roc_auc is 0.956, must be >= 0.97'
    )
    assert result.metrics == {'recall of "Cardiac"': 0.956, "roc_auc": 0.75}
