import pytest

from evaluate.errors import EvaluateError
from evaluate.inputs.slices import parse_slices


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("", (), id="empty means not given"),
        pytest.param("[]", (), id="none"),
        pytest.param('["work class", "age", "age"]', ("work class", "age"), id="each once"),
    ],
)
def test_parses(text: str, columns: tuple[str, ...]) -> None:
    assert parse_slices(text) == columns


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("age", id="no JSON"),
        pytest.param('"age"', id="a text"),
        pytest.param("[1]", id="numbers"),
        pytest.param("{}", id="an object"),
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(EvaluateError, match="--slices") as refused:
        parse_slices(text)

    assert refused.value.exit_code == 2
