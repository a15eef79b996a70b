from pathlib import Path

import pytest

from evaluate.__main__ import parse_request
from pinion_step.errors import WrongCallError

NEEDED = ["--model=m", "--test-data=t", "--result=r", "--test-metrics=n"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("", (), id="empty means not given"),
        pytest.param("[]", (), id="none"),
        pytest.param('["work class", "age", "age"]', ("work class", "age"), id="each once"),
    ],
)
def test_slices_are_columns(text: str, columns: tuple[str, ...]) -> None:
    assert parse_request([*NEEDED, f"--slices={text}"]).slices == columns


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("age", id="no JSON"),
        pytest.param('"age"', id="a text"),
        pytest.param("[1]", id="numbers"),
        pytest.param("{}", id="an object"),
    ],
)
def test_what_is_no_list_of_columns_is_refused(text: str) -> None:
    with pytest.raises(WrongCallError, match="^--slices: "):
        parse_request([*NEEDED, f"--slices={text}"])


def test_only_the_outputs_that_are_asked_for_are_written() -> None:
    request = parse_request([*NEEDED, "--report=page", "--executor-input= "])

    assert request.outputs == {
        "result": Path("r"),
        "test_metrics": Path("n"),
        "report": Path("page"),
    }
