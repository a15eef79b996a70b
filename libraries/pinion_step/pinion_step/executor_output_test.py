import json
from pathlib import Path

import pytest

from pinion_step.cli import Parser
from pinion_step.errors import WrongCallError
from pinion_step.executor_output import add_executor_input, describe


def parsed(message: str) -> Path | None:
    parser = Parser("step", "A step.")
    add_executor_input(parser)
    found: Path | None = parser.parse(["--executor-input", message]).executor_output
    return found


def test_kfp_says_where_it_reads() -> None:
    message = '{"inputs": {}, "outputs": {"artifacts": {}, "outputFile": "/kfp/its own/out.json"}}'

    assert parsed(message) == Path("/kfp/its own/out.json")
    assert parsed(" ") is None


@pytest.mark.parametrize("message", ["{", "[]", "7", '{"outputs": 3}', '{"outputs": {}}'])
def test_what_is_no_message_of_kfp_is_refused(message: str) -> None:
    with pytest.raises(WrongCallError, match=r"^--executor-input: .*outputs\.outputFile"):
        parsed(message)


def test_each_output_has_its_metadata() -> None:
    text = describe({"metrics": {"rmse": 0.5, "display_name": "größe"}, "curve": {}})

    assert json.loads(text) == {
        "artifacts": {
            "metrics": {"artifacts": [{"metadata": {"rmse": 0.5, "display_name": "größe"}}]},
            "curve": {"artifacts": [{"metadata": {}}]},
        }
    }
