import subprocess
import sys

import pytest

from pipelines.compiled.conditions import check, holds
from pipelines.compiled.values import Value
from pipelines.system.errors import PinionError

INPUTS: dict[str, Value] = {"register": True, "score": 0.75, "count": 3, "name": "a b"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("inputs.parameter_values['register'] == true", True),
        ("!(inputs.parameter_values['register'] == true)", False),
        ("inputs.parameter_values['score'] >= 0.8", False),
        ("int(inputs.parameter_values['count']) > 2", True),
        ("inputs.parameter_values['register'] == false", False),
        ("inputs.parameter_values['register'] == 'true'", False),
        ("inputs.parameter_values['name'] == true", False),
        ("inputs.parameter_values['name'] == 'a b'", True),
        ("inputs.parameter_values['name'] == 'a'", False),
        ("inputs.parameter_values['name'] == ''", False),
        ("inputs.parameter_values['name'] == 'a\\x20b'", True),
        ("inputs.parameter_values['name'] != 'a b'", False),
        ("inputs.parameter_values['count'] == 3 && inputs.parameter_values['score'] < 1.0", True),
    ],
)
def test_a_condition_as_kfp_writes_it(condition: str, expected: bool) -> None:
    check([condition])
    assert holds(condition, INPUTS) is expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("inputs.parameter_values['absent'] == 1", "cannot be evaluated"),
        ("inputs.parameter_values['absent'] == 'a'", "cannot be evaluated"),
        ("inputs.parameter_values['name']", "not true or false"),
    ],
)
def test_a_condition_that_has_no_boolean_value(condition: str, message: str) -> None:
    with pytest.raises(PinionError, match=message):
        holds(condition, INPUTS)


def test_a_condition_that_is_not_cel_is_refused_before_the_run() -> None:
    with pytest.raises(PinionError, match="is not CEL"):
        check(["true", "inputs.parameter_values['name'] == 'it's'"])


def test_kfps_usual_conditions_do_not_load_the_cel_library() -> None:
    # In a process of its own, because another test may have loaded the library here.
    code = (
        "import sys; from pipelines.compiled.conditions import check, holds;"
        "conditions = [f\"inputs.parameter_values['{name}'] == {value}\""
        " for name, value in (('a', 'true'), ('b', \"'c'\"))];"
        "check(conditions); inputs = {'a': True, 'b': 'd'};"
        "print([holds(each, inputs) for each in conditions], 'celpy' in sys.modules)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed == "[True, False] False\n"
